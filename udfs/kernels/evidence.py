"""What a series says for each family of shapes: the whole bank, noise, BIC, and the numbers of the best.

BIC = n_eff·ln(SSE/m) + k·ln n_eff with n_eff = m/f, one for all models of a series. f comes from the
residuals of the best model, and the best model from f: both are found in turn. Source: science.md, section 3.
"""

import numpy as np
from egmsql.udfs.kernels.bank import (
    DECAY_YEARS,
    GROWTH,
    GROWTH_YEARS,
    LAST_YEAR,
    N_SMOOTH,
    QUADRATIC,
)
from egmsql.udfs.kernels.compiled import borrowing, compiled
from egmsql.udfs.kernels.fields import AT, KIND
from egmsql.udfs.kernels.inflation import inflation_of, noise_of
from egmsql.udfs.kernels.models import Noise, model_of, motion_of, residuals_of, wave_of, with_free_epoch
from egmsql.udfs.kernels.search import (
    CONSTANT,
    DECAYING,
    GROWING,
    HINGE,
    LINEAR,
    N_FAMILIES,
    PARABOLA,
    PARAMETERS,
    SEMIANNUAL,
    SEVERAL,
    STEP,
    STEP_HINGE,
    best_of_families,
    project,
    several,
    within,
)

ROUNDING = 1 / 12  # variance of what rounding to one unit adds: no model explains better than that
FIRST_GUESS = 2.65  # f of the correlation that real series have, until the series' own is known
ROUNDS = 3  # of finding f from the best model and the best model from f
# 95 % of the likelihood ratio of an epoch: a bend's is χ² with one degree of freedom; a step's, whose
# likelihood has a corner, is -2 ln(1 - √0.95) (Hansen 2000, Sample splitting and threshold estimation).
BEND_RATIO = 3.84
STEP_RATIO = 7.35


@compiled
def examine(values, bank, unit, numbers, codes):
    """Examine series and write what `fields` names.

    Parameters
    ----------
    values : integers, shape (series, epochs); of missing epochs anything
    bank : Bank
    unit : mm in one of them
    numbers : float64, shape (fields of numbers, series)
    codes : int32, shape (fields of codes, series); families, kinds and epochs by number, -1 for none
    """
    m, n_columns = bank.t.size, bank.inverse.size
    # Values, residuals of the base, residuals of the best model; two more zeros for `noise_of`.
    vectors, columns = np.zeros((3, m + 2)), np.empty((3, n_columns))
    found, choice = np.empty((5, N_FAMILIES)), np.empty((2, N_FAMILIES), dtype=np.int64)
    shared = np.empty((2, m))
    present = bank.counts[0]
    out, code = np.empty(numbers.shape[0]), np.empty(codes.shape[0], dtype=np.int32)
    for row in range(values.shape[0]):
        out[:] = np.nan
        code[:] = -1
        _centre(values[row], bank.present, unit, vectors[0])
        base = _candidates(bank, vectors, columns, shared, found, choice, present, unit)
        family, noise = _judge(bank, vectors, columns[0], found, choice, present, base)
        _tell(bank, columns[0], found, choice, present, base, family, noise, out, code)
        numbers[:, row] = out
        codes[:, row] = code


@borrowing
def _centre(values, present, unit, y):
    total = count = 0.0
    for i in range(values.size):
        total += values[i] * present[i]
        count += present[i]
    mean = total / count
    for i in range(values.size):
        y[i] = (values[i] - mean) * unit * present[i]


@borrowing
def _candidates(bank, vectors, columns, shared, found, choice, present, unit):
    """Write each family's best columns into `choice`; SSE, parameters, ln(SSE/m) into found[0], [1], [4]."""
    p, g, work = columns[0], columns[1], columns[2]
    first, second = choice[0], choice[1]
    m = bank.t.size
    c0, c1, c2, c3, squares = project(bank, vectors[0, :m], vectors[1, :m], p)
    drops = found[2]
    best_of_families(bank, p, drops, first, second, work)
    single = STEP
    for family in (PARABOLA, HINGE, DECAYING, GROWING):
        if drops[family] > drops[single]:
            single = family
    # What a second break must explain to pay for itself, by the BIC before the noise is known.
    n = max(present / FIRST_GUESS, 2.0)
    price = (squares - drops[single]) * (1 - n ** (-2 / n))
    first[SEVERAL], second[SEVERAL], drops[SEVERAL] = several(bank, p, first[single], price, g, shared, work)
    least = present * unit * unit * ROUNDING
    for family in range(N_FAMILIES):
        found[0, family] = max(squares - drops[family], least)
        found[1, family] = PARAMETERS[family]
        if family > LINEAR and first[family] < 0:
            found[0, family] = np.inf
    found[0, CONSTANT] = max(squares + c3 * c3, least)
    for column in (first[SEVERAL], second[SEVERAL]):
        found[1, SEVERAL] += _price(column, bank.t.size)
    for family in range(N_FAMILIES):
        found[4, family] = np.log(found[0, family] / present)
    return c0, c1, c2, c3


@borrowing
def _price(column, m):
    """Return the parameters that one column of a pair costs."""
    if column == QUADRATIC:
        return 1
    return 3 if N_SMOOTH <= column < N_SMOOTH + m else 2


@borrowing
def _weigh(found, present, f):
    """Write BICs into found[3]; return the family with the smallest, the simpler of equals."""
    n = max(present / f, 2.0)
    price = np.log(n)
    best = LINEAR
    for family in range(N_FAMILIES):
        k = found[1, family]
        found[3, family] = n * found[4, family] + k * price
        if family > LINEAR and n < k + 2:  # too few to tell
            found[3, family] = np.inf
        if found[3, family] < found[3, best]:
            best = family
    return CONSTANT if found[3, CONSTANT] <= found[3, best] else best


@borrowing
def _judge(bank, vectors, p, found, choice, present, base):
    """Return the best family and the Noise of its residuals; BICs are in found[3]."""
    family = _weigh(found, present, FIRST_GUESS)
    noise = Noise(0.0, 0.0, 0.0, FIRST_GUESS)
    for _ in range(ROUNDS):
        line = base[3] if family == CONSTANT else 0.0
        e, rest = vectors[1, : bank.t.size], vectors[2]
        residuals_of(bank, e, p, choice[0, family], choice[1, family], line, rest[: bank.t.size])
        first, second, fading, f = noise_of(rest, bank.pairs, bank.counts, found[1, family])
        noise = Noise(first, second, fading, f)
        last, family = family, _weigh(found, present, f)
        if family == last:
            break
    return family, noise


@borrowing
def _tell(bank, p, found, choice, present, base, family, noise, out, code):
    """Write every field of one series."""
    bic = found[3]
    runner, total = -1, 0.0
    for f in range(N_FAMILIES):
        share = np.exp((bic[family] - bic[f]) / 2)
        out[AT.weight + f] = share
        total += share
        if f != family and bic[f] < np.inf and (runner < 0 or bic[f] < bic[runner]):
            runner = f
    for f in range(N_FAMILIES):
        out[AT.weight + f] /= total
    code[KIND.n_epochs], code[KIND.family], code[KIND.runner_up] = present, family, runner
    out[AT.lead], out[AT.lead + 1] = bic[runner] - bic[family], bic[LINEAR] - bic[family]
    curved = min(bic[PARABOLA], bic[DECAYING], bic[GROWING])
    if curved < np.inf and bic[HINGE] < np.inf:
        out[AT.lead + 2] = curved - bic[HINGE]
    out[AT.noise], out[AT.noise + 1], out[AT.noise + 2] = noise.first, noise.second, noise.inflation
    out[AT.noise + 3] = present / noise.inflation
    _tell_motion(bank, p, found, choice, present, base, family, noise, out)
    _tell_smooth(bank, p, found, choice, present, noise, out)
    _tell_breaks(bank, p, found, choice, present, noise, out, code)
    _tell_pairs(bank, p, found, choice, present, noise, out, code)


@borrowing
def _fitted(bank, p, found, choice, present, noise, family):
    i, j = choice[0, family], choice[1, family]
    return model_of(bank, p, i, j, found[0, family], found[1, family], present, noise)


@borrowing
def _tell_motion(bank, p, found, choice, present, base, family, noise, out):
    right = bank.r_inverse[3, 3]
    velocity = right * base[3]
    f = inflation_of(bank.inflation, bank.inverse.size, noise.first, noise.fading)
    line = _fitted(bank, p, found, choice, present, noise, LINEAR)
    out[AT.base], out[AT.base + 1] = velocity, np.sqrt(line.variance * f) * right
    out[AT.base + 2] = np.sqrt(line.variance)
    model = _fitted(bank, p, found, choice, present, noise, family)
    out[AT.noise + 4] = np.sqrt(model.variance)
    sigma = np.sqrt(model.variance * f) * right
    if family == HINGE:
        model = with_free_epoch(bank, model, noise)
    motion_of(bank, model, 0.0 if family == CONSTANT else velocity, sigma, out[AT.motion : AT.motion + 6])
    slope = 0.0 if family == CONSTANT else base[3]
    base = (base[0], base[1], base[2], slope)
    wave_of(bank, model, base, present, noise, out[AT.wave : AT.wave + 4])


@borrowing
def _tell_smooth(bank, p, found, choice, present, noise, out):
    if found[0, PARABOLA] < np.inf:
        model = _fitted(bank, p, found, choice, present, noise, PARABOLA)
        out[AT.quadratic], out[AT.quadratic + 1] = model.beta_i, np.sqrt(model.variance_i)
    if found[0, DECAYING] < np.inf:
        model = _fitted(bank, p, found, choice, present, noise, DECAYING)
        tau = DECAY_YEARS[choice[0, DECAYING] - 1]
        out[AT.decay], out[AT.decay + 1] = tau, model.beta_i
        out[AT.decay + 2] = np.sqrt(model.variance_i)
        out[AT.decay + 3] = model.beta_i * np.exp(-bank.t[-1] / tau)
    if found[0, GROWING] < np.inf:
        model = _fitted(bank, p, found, choice, present, noise, GROWING)
        out[AT.growth], out[AT.growth + 1] = GROWTH_YEARS[choice[0, GROWING] - GROWTH], model.beta_i
        out[AT.growth + 2] = np.sqrt(model.variance_i)
    if found[0, SEMIANNUAL] < np.inf:
        model = _fitted(bank, p, found, choice, present, noise, SEMIANNUAL)
        out[AT.semiannual] = np.sqrt(model.beta_i**2 + model.beta_j**2)
        out[AT.semiannual + 1] = np.sqrt((model.variance_i + model.variance_j) / 2)
    if bank.inverse[LAST_YEAR]:
        squares = max(found[0, LINEAR] - p[LAST_YEAR] ** 2, 1e-12)
        model = model_of(bank, p, LAST_YEAR, -1, squares, PARAMETERS[LINEAR] + 1, present, noise)
        out[AT.last_year], out[AT.last_year + 1] = model.beta_i, model.beta_i / np.sqrt(model.variance_i)


@borrowing
def _tell_breaks(bank, p, found, choice, present, noise, out, code):
    m = bank.t.size
    for family, at, kind, ratio in (
        (STEP, AT.step, KIND.step, STEP_RATIO),
        (HINGE, AT.hinge, KIND.hinge, BEND_RATIO),
    ):
        column = choice[0, family]
        if found[0, family] < np.inf:
            model = _fitted(bank, p, found, choice, present, noise, family)
            out[at], out[at + 1] = model.beta_i, np.sqrt(model.variance_i)
            start = N_SMOOTH if family == STEP else N_SMOOTH + m
            # σ of z·y/ℓ and the variance of its coefficient tell the same f.
            slack = ratio * model.variance_i / bank.inverse[column] ** 2
            first, last = within(p, bank.inverse, start, start + m, p[column] ** 2 - slack)
            code[kind], code[kind + 1], code[kind + 2] = column - start, first - start, last - start


@borrowing
def _tell_pairs(bank, p, found, choice, present, noise, out, code):
    m = bank.t.size
    if found[0, STEP_HINGE] < np.inf:
        model = _fitted(bank, p, found, choice, present, noise, STEP_HINGE)
        at = AT.step_hinge
        out[at], out[at + 1] = model.beta_i, np.sqrt(model.variance_i)
        out[at + 2], out[at + 3] = model.beta_j, np.sqrt(model.variance_j)
        code[KIND.step_hinge] = model.i - N_SMOOTH
    if found[0, SEVERAL] < np.inf:
        model = _fitted(bank, p, found, choice, present, noise, SEVERAL)
        kinds = code[KIND.several : KIND.several + 4]
        _name_break(model.i, model.beta_i, m, kinds[0:2], out[AT.several : AT.several + 2])
        _name_break(model.j, model.beta_j, m, kinds[2:4], out[AT.several + 2 : AT.several + 4])


@borrowing
def _name_break(column, beta, m, kind, out):
    """Write family and epoch of one column of a pair into `kind`, its size in mm or mm/yr into `out`."""
    if column >= N_SMOOTH + m:
        kind[0], kind[1], out[1] = HINGE, column - N_SMOOTH - m, beta
    elif column >= N_SMOOTH:
        kind[0], kind[1], out[0] = STEP, column - N_SMOOTH, beta
    elif column >= GROWTH:
        kind[0] = GROWING
    else:
        kind[0] = PARABOLA if column == QUADRATIC else DECAYING
