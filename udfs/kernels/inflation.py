"""Correlated noise: how much less m epochs tell than m independent ones.

The noise is white noise plus a part that fades: its correlation is ρ₁ at one epoch and ρ₁φ^(k-1) at k, with
φ = ρ₂/ρ₁. A coefficient z·y/ℓ then has the variance σ²·f_z/ℓ² with f_z = 1 + 2ρ₁ Σ_k φ^(k-1) ρ_z(k), where
ρ_z(k) is the autocorrelation of z/ℓ itself. For a slow z it is f = 1 + 2ρ₁/(1 - φ), the inflation of a
mean; a step has less. Real residuals: ρ₁ = 0.33, ρ₂ = 0.20. f is of science.md, section 3; f_z derived.
"""

import numpy as np
from egmsql.udfs.kernels.compiled import borrowing, compiled

FADINGS = np.array([0.0, 0.2, 0.4, 0.6, 0.75, 0.9])  # φ where the bank is tabulated; between, linear
USUAL_FADING = 0.6  # what φ is drawn to where a series is too short or too white to tell
FADING_SPREAD = 0.2  # how far φ strays from it among series
LARGEST = 0.9  # of ρ₁ and φ


@borrowing
def noise_of(residuals, pairs, counts, lost):
    """Return (ρ₁, ρ₂, φ, f) of residuals (m + 2,) of a fit that took `lost` degrees of freedom.

    A fit takes from the sums of squares and of neighbours' products alike about lost·f·σ², and that is
    given back: without, ρ is too small by lost·f/m. Products are counted where `pairs` (2, m) says so;
    `counts` are a Bank's. The last two residuals are zero, for the pairs of the last epochs.
    """
    zero = one = two = 0.0
    for i in range(pairs.shape[1]):
        zero += residuals[i] * residuals[i]
        one += residuals[i] * residuals[i + 1] * pairs[0, i]
        two += residuals[i] * residuals[i + 2] * pairs[1, i]
    m, n_one, n_two = counts[0], counts[1], counts[2]
    zero /= m
    if zero <= 0 or n_one < 3 or n_two < 3:
        return 0.0, 0.0, USUAL_FADING, 1.0
    one, two = one / n_one / zero, two / n_two / zero
    weight = 1 / (m * FADING_SPREAD**2)
    first = second = 0.0
    fading, f = USUAL_FADING, 1.0
    for _ in range(6):
        share = min(lost * f / m, 0.5)
        first = min(max(one * (1 - share) + share, 0.0), LARGEST)
        second = min(two * (1 - share) + share, LARGEST)
        fading = (first * second + USUAL_FADING * weight) / (first * first + weight)
        fading = min(max(fading, 0.0), LARGEST)
        f = 1 + 2 * first / (1 - fading)
    return first, second, fading, f


@borrowing
def inflation_of(table, column, first, fading):
    """Return f of one column of the bank under noise of correlation `first` that fades by `fading`."""
    k = 0
    while k < FADINGS.size - 2 and fading > FADINGS[k + 1]:
        k += 1
    part = (fading - FADINGS[k]) / (FADINGS[k + 1] - FADINGS[k])
    value = table[k, column] + part * (table[k + 1, column] - table[k, column])
    return max(1 + 2 * first * value / (1 - fading), 0.1)


@compiled
def inflations(t, present, q, r_inverse, smooth, inverse, along, out):
    """Write (1 - φ) Σ_k φ^(k-1) ρ_z(k) for each of FADINGS and each column of the bank.

    Parameters are fields of a Bank, `inverse` and `along` those of the breaks alone. The last two columns
    of `out` are the base's velocity (the row of t) and its wave (mean of the rows of cosine and sine).
    """
    n_smooth, m = smooth.shape
    row = np.empty(m)
    for s in range(n_smooth):
        _faded(smooth[s], out[:, s])
    _faded(q[3], out[:, n_smooth + 2 * m])
    both = np.zeros((2, FADINGS.size))
    for c in (1, 2):
        row[:] = 0
        for b in range(c, 4):
            row += r_inverse[c, b] * q[b]
        _faded(row / np.sqrt(np.sum(row * row)), both[c - 1])
    out[:, n_smooth + 2 * m + 1] = (both[0] + both[1]) / 2
    memory, z = np.zeros((FADINGS.size, 2 * m)), np.empty(2 * m)
    breaks = out[:, n_smooth : n_smooth + 2 * m]
    for i in range(m):
        _breaks_at(i, t, present[i], q, inverse, along, z)
        for f in range(FADINGS.size):
            _remember(z, FADINGS[f], memory[f], breaks[f])


@borrowing
def _faded(z, out):
    for f in range(FADINGS.size):
        total = memory = 0.0
        for i in range(z.size):
            total += z[i] * memory
            memory = FADINGS[f] * memory + z[i]
        out[f] = (1 - FADINGS[f]) * total


@borrowing
def _breaks_at(i, t, present, q, inverse, along, z):
    """Write z/ℓ of every break at epoch i into z (2m,)."""
    q0, q1, q2, q3 = q[0, i], q[1, i], q[2, i], q[3, i]
    for k in range(z.size):
        z[k] = -(q0 * along[0, k] + q1 * along[1, k] + q2 * along[2, k] + q3 * along[3, k])
    steps, hinges = z[: t.size], z[t.size :]
    for k in range(i + 1):
        steps[k] += present
    for k in range(i + 1):
        hinges[k] += present * (t[i] - t[k])
    for k in range(z.size):
        z[k] *= inverse[k]


@borrowing
def _remember(z, fading, memory, out):
    for k in range(z.size):
        out[k] += (1 - fading) * z[k] * memory[k]
        memory[k] = fading * memory[k] + z[k]
