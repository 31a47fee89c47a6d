"""The mixture: fitted once for all, named by its means, scored as scikit-learn does, made anew on request only."""

import datetime

import duckdb
import forge
import numpy as np
import pytest
from egmsql.udfs import registry
from egmsql.udfs.fit_mixture import fit_mixture
from egmsql.udfs.kernels.mixture import CLASSES, fit, name_of
from egmsql.udfs.score_mixture import score_mixture
from sklearn.mixture import GaussianMixture

import egmsql

N_EFFECTS = 9
STILL, MOVING, STEPPING = (np.zeros(N_EFFECTS) for _ in range(3))
STILL[[0, 8]], MOVING[[0, 8]], STEPPING[[0, 3, 8]] = [-3, -1], [3, -1], [-3, 3.5, -1]


def sample(n=400, seed=1):
    """Return effects of three kinds of points and the labels of half of them."""
    rng = np.random.default_rng(seed)
    effects = np.concatenate(
        [rng.normal(centre, 0.4, (n, N_EFFECTS)) for centre in (STILL, MOVING, STEPPING)]
    )
    labels = np.repeat(["stable", "linear", "step"], n).astype(object)
    labels[::2] = ""
    return effects, labels


def parameters(components):
    """Return the flat parameters and classes as mixtures.motion gives them."""
    flat = [c["weight"] for c in components]
    flat += [*components[0]["centre"], *components[0]["scale"]]
    flat += [x for c in components for x in c["mean"]] + [x for c in components for x in c["covariance"]]
    return np.array(flat), np.array([c["class"] for c in components])


def score(effects, components):
    found = score_mixture(np.ma.MaskedArray(effects), *parameters(components))
    return np.stack([found[f"{name}_probability"] for name in CLASSES], axis=1)


@pytest.fixture(scope="module")
def components():
    effects, labels = sample()
    return fit_mixture(effects.ravel(), labels, 1)


def test_made_kinds_are_found_and_named_by_their_means(components):
    effects, _ = sample(seed=2)
    found = np.array(CLASSES)[score(effects, components).argmax(axis=1)]
    assert np.mean(found == np.repeat(["stable", "linear", "step"], 400)) > 0.97
    assert sum(c["weight"] for c in components) == pytest.approx(1)
    firsts = [c["mean"][0] for c in components]
    assert firsts == sorted(firsts)


def test_scores_equal_scikit_learn_s(components):
    effects, _ = sample(seed=3)
    centre, scale = (np.array(components[0][name]) for name in ("centre", "scale"))
    mixture = GaussianMixture(len(components), covariance_type="full")
    mixture.weights_ = np.array([c["weight"] for c in components])
    mixture.means_ = np.array([c["mean"] for c in components])
    mixture.covariances_ = np.array([c["covariance"] for c in components]).reshape(-1, N_EFFECTS, N_EFFECTS)
    inverse = np.linalg.inv(np.linalg.cholesky(mixture.covariances_))
    mixture.precisions_cholesky_ = inverse.transpose(0, 2, 1)
    shares = mixture.predict_proba((effects - centre) / scale)
    expected = np.stack(
        [
            sum(shares[:, i] for i, c in enumerate(components) if c["class"] == name) + np.zeros(len(shares))
            for name in CLASSES
        ],
        axis=1,
    )
    assert score(effects, components) == pytest.approx(expected, abs=1e-9)


def test_a_score_does_not_depend_on_its_company(components):
    effects, _ = sample(seed=4)
    every, few = score(effects, components), score(effects[10:17], components)
    assert np.array_equal(every[10:17], few)


def test_the_fit_depends_on_the_points_and_the_seed_alone():
    effects, labels = sample()
    first, again = (fit_mixture(effects.ravel(), labels, 1) for _ in range(2))
    assert [list(c["mean"]) for c in first] == [list(c["mean"]) for c in again]


def test_labels_name_no_component():
    """All labels lie: components are still called what their means show."""
    effects, labels = sample()
    lies = np.where(labels == "step", "stable", np.where(labels == "stable", "step", labels))
    found = {c["class"] for c in fit_mixture(effects.ravel(), lies, 1)}
    assert {"stable", "linear", "step"} <= found


@pytest.mark.parametrize(
    ("sizes", "name"),
    [
        ({0: -5}, "stable"),
        ({0: -5, "rmse": 0.4}, "noisy"),
        ({0: 8}, "linear"),
        ({0: 8, 3: 9}, "step"),
        ({0: 8, 2: 9}, "velocity_change"),
        ({0: 8, 1: 9, 7: 6}, "accelerating"),
        ({0: 8, 4: 9, 7: -6}, "decelerating"),
        ({0: 8, 1: 9, 7: 0.5}, "complex"),
    ],
)
def test_a_mean_is_named_by_the_table_of_the_classes(sizes, name):
    mean = np.full(N_EFFECTS, -0.5)
    for place, size in sizes.items():
        mean[8 if place == "rmse" else place] = size if place == "rmse" else np.arcsinh(size)
    assert name_of(mean) == name


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_points_give_no_mixture(n):
    effects = np.random.default_rng(5).normal(size=(n, N_EFFECTS))
    if n:
        fit(effects, [""] * n, 1)
    assert len(fit_mixture(effects.ravel(), np.array([""] * n, dtype=object), 1)) <= n


def test_the_functions_are_those_of_the_registry():
    with duckdb.connect() as connection:
        for function in registry().values():
            function.register(connection)
        (empty,) = connection.execute("select fit_mixture([]::double[], []::varchar[], 1)").fetchone()
    assert empty == []


# Held: a new product does not change it


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Return (folder, lake) of two products, built."""
    folder = tmp_path_factory.mktemp("held")
    lake = folder / "lake"
    dates = forge.epochs(datetime.date(2020, 1, 3), n_epochs=40, step=12)
    for burst in (845, 846):
        forge.product(burst=burst, n_points=40, dates=dates, seed=burst).write_zip(folder)
    assert not egmsql.ingest(lake, [folder]).errors
    egmsql.build(lake)
    return folder, lake


def means(lake):
    with egmsql.connect(lake, spatial=False, udfs=False) as connection:
        return connection.execute("select mean from mixtures.components order by component").fetchall()


def test_a_new_product_leaves_the_mixture_until_a_refit_is_asked_for(held, tmp_path):
    _, lake = held
    before = means(lake)
    assert egmsql.stale(lake) == []
    dates = forge.epochs(datetime.date(2020, 1, 3), n_epochs=40, step=12)
    new = forge.product(burst=847, n_points=40, dates=dates, seed=7).write_zip(tmp_path)
    egmsql.ingest(lake, [new])
    assert "mixtures.components" not in {s.model for s in egmsql.plan(lake)}
    done = egmsql.build(lake)
    assert "mixtures.components" not in {run.model for run in done.runs}
    assert means(lake) == before and egmsql.plan(lake) == []
    assert egmsql.stale(lake) == [
        "mixtures.components is held: made from 2 files, now 3; --refit makes it anew"
    ]
    assert "mixtures.components" in {s.model for s in egmsql.plan(lake, refit=True)}
    done = egmsql.build(lake, refit=True)
    assert "mixtures.components" in {run.model for run in done.runs}
    assert egmsql.stale(lake) == [] and egmsql.plan(lake, refit=True) == []
