"""What became of clusters: each relation from members made by hand, from release to release and from build to build."""

import duckdb
import numpy as np
import pytest
from workbench import Workbench

import egmsql
from egmsql.changes import cluster_changes
from egmsql.lake import Lake
from egmsql.state import FileRecord, State

# Relation -> clusters before, and after, as sets of points.
CASES = {
    "continued": ({"a": range(0, 20)}, {"b": range(2, 25)}),
    "merged": ({"a": range(0, 20), "b": range(20, 30)}, {"c": range(0, 30)}),
    "split": ({"a": range(0, 30)}, {"b": range(0, 20), "c": range(20, 30)}),
    "regrouped": ({"a": range(0, 20), "b": range(20, 40)}, {"c": range(0, 30), "d": range(30, 40)}),
    "new": ({}, {"a": range(0, 9)}),
    "gone": ({"a": range(0, 9)}, {}),
}
EXPECTED = {
    "continued": {("continued", "b", "a", "a")},
    "merged": {("merged", "c", "a", "a"), ("merged", "c", "b", "a")},
    "split": {("split", "b", "a", "a"), ("split", "c", "a", "c")},
    # The pair in the middle ties all of them together.
    "regrouped": {("merged", "c", "a", "a"), ("regrouped", "c", "b", "a"), ("split", "d", "b", "d")},
    "new": {("new", "a", None, "a")},
    "gone": {("gone", None, "a", "a")},
}
# Nine points of a hundred change sides.
TOUCH = ({"a": range(0, 100), "b": range(100, 200)}, {"a": range(0, 109), "b": range(109, 200)})


def rows(clusters, also=True):
    """Return (cluster, pid); with a cluster far away that never changes."""
    far = [("z", f"{n:05d}") for n in range(900, 930)] if also else []
    return far + [(name, f"{n:05d}") for name, points in clusters.items() for n in points]


@pytest.mark.parametrize("case", CASES)
def test_builds_tell_what_became_of_clusters(case, tmp_path):
    assert set(told(tmp_path, *CASES[case])) == EXPECTED[case]


def test_a_few_points_in_common_are_a_touch(tmp_path):
    assert told(tmp_path, *TOUCH) == []


def test_a_lake_without_clusters_so_far_has_no_changes(tmp_path):
    lake = Lake(tmp_path)
    after = state(tmp_path, "after", {"here": rows({"a": range(9)})})
    assert cluster_changes(lake, State(), after, egmsql.Settings(threads=1)) is None
    assert cluster_changes(lake, after, after, egmsql.Settings(threads=1)) is None


def told(folder, before, after):
    """Return the changes of two states whose second product stays as it is."""
    states = [
        state(folder, moment, {"here": rows(clusters, also=False), "there": rows({})})
        for moment, clusters in (("before", before), ("after", after))
    ]
    found = cluster_changes(Lake(folder), *states, egmsql.Settings(threads=1)).to_pylist()
    return [(row["relation"], row["cluster"], row["previous"], row["identity"]) for row in found]


def state(folder, moment, products):
    """Return a State that knows files of members."""
    files = {}
    for product, members in products.items():
        path = folder / f"{moment}-{product}.parquet"
        with duckdb.connect() as connection:
            connection.execute("create table m (cluster varchar, pid varchar, stack varchar)")
            connection.executemany("insert into m values (?, ?, 's')", members or [(None, "none")])
            connection.execute(f"copy m to '{path}'")
        key = ("clusters.members", product)
        values = dict.fromkeys(FileRecord.__dataclass_fields__)
        values |= {"model": key[0], "partition": product, "path": path.name, "content": repr(members)}
        files[key] = FileRecord(**values)
    return State(files=files)


@pytest.fixture(scope="module")
def bench():
    with Workbench(np.datetime64("2020-01-01") + 12 * np.arange(30), np.zeros((1, 30))) as bench:
        yield bench


@pytest.mark.parametrize("case", CASES)
def test_releases_tell_what_became_of_clusters(bench, case):
    before, after = (rows(clusters) for clusters in CASES[case])
    releases = [("2019_2023", row) for row in before] + [("2020_2024", row) for row in after]
    bench.table(
        "clusters.moving",
        cluster=[f"{release}_{name}" for release, (name, _) in releases],
        pid=[pid for _, (_, pid) in releases],
        release=[release for release, _ in releases],
        stack=[f"L2b_{release}_022" for release, _ in releases],
    )
    bench.run("clusters.lineage")
    found = bench.connection.execute(
        "select relation, cluster[11:], previous[11:], identity[11:] from clusters.lineage where release = '2020_2024'"
    ).fetchall()
    assert set(found) == EXPECTED[case] | {("continued", "z", "z", "z")}
    identities = bench.connection.execute(
        "select distinct cluster, identity from clusters.lineage where relation = 'first'"
    ).fetchall()
    assert identities and all(cluster == identity for cluster, identity in identities)
