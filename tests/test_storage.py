"""The files themselves: GeoParquet 1.1, pruning, small series, facts read from the footer."""

import itertools
import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import egmsql
from egmsql import workspace
from egmsql.storage import read_facts, write_parquet
from egmsql.workspace import load_spatial, private_database, spatial_file


@pytest.fixture(scope="module")
def files(real_lake):
    with egmsql.connect(real_lake) as connection:
        rows = connection.execute("select model, partition, path from _files").fetchall()
    return {(model, partition): real_lake / path for model, partition, path in rows}


def of(files, model):
    return [path for (name, _), path in sorted(files.items()) if name == model]


def test_points_are_geoparquet_1_1_with_crs_and_covering(files):
    for path in of(files, "observed.points"):
        geo = json.loads(pq.read_metadata(path).metadata[b"geo"])
        column = geo["columns"]["geometry"]
        assert geo["version"] == "1.1.0"
        assert geo["primary_column"] == "geometry"
        assert (column["encoding"], column["geometry_types"]) == ("WKB", ["Point"])
        assert column["crs"]["id"] == {"authority": "EPSG", "code": 3035}
        assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]


def test_each_box_holds_its_point_and_little_more(real_lake):
    with egmsql.connect(real_lake) as connection:
        (bad,) = connection.execute(
            """
            select count(*) from observed.points
            where not (bbox.xmin <= easting and easting <= bbox.xmax and bbox.ymin <= northing and northing <= bbox.ymax)
                or bbox.xmax - bbox.xmin > 2 or bbox.ymax - bbox.ymin > 2
            """
        ).fetchone()
        assert bad == 0
        kinds = connection.execute(
            "select distinct typeof(geometry), st_x(geometry) = easting from observed.points"
        ).fetchall()
    assert kinds == [("GEOMETRY('EPSG:3035')", True)]


def test_coordinates_and_degrees_agree_to_their_rounding(real_lake):
    with egmsql.connect(real_lake) as connection:
        (worst,) = connection.execute(
            """
            select max(st_distance(geometry::geometry, st_transform(
                st_point(longitude, latitude), 'EPSG:4326', 'EPSG:3035', always_xy := true)))
            from observed.points where latitude is not null
            """
        ).fetchone()
    assert worst < 0.1


def test_series_are_delta_encoded_without_dictionary_in_small_row_groups(files):
    for path in of(files, "series.displacement"):
        metadata = pq.read_metadata(path)
        names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
        chunk = metadata.row_group(0).column(names.index("displacements.list.element"))
        assert "DELTA_BINARY_PACKED" in chunk.encodings
        assert not chunk.has_dictionary_page
        assert chunk.compression == "ZSTD"
        assert max(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)) <= 2048


def test_a_pid_touches_one_row_group_of_its_series(files):
    for path in of(files, "series.displacement"):
        metadata = pq.read_metadata(path)
        bounds = [metadata.row_group(i).column(0).statistics for i in range(metadata.num_row_groups)]
        assert all(a.max < b.min for a, b in itertools.pairwise(bounds))


def test_points_stand_in_the_order_of_their_pids_sorted_or_not(files):
    """Models over series do not sort; DuckDB keeps the order of rows that no join or sort moves."""
    for model in ("series.displacement", "features.hypotheses", "features.residuals", "features.shape"):
        for path in of(files, model):
            pids = pq.read_table(path, columns=["pid"])["pid"].to_numpy()
            assert (pids[:-1] < pids[1:]).all(), path


@pytest.mark.parametrize("threads", [1, 4])
def test_rows_that_pass_a_function_keep_their_order(tmp_path, threads):
    """More rows than a row group of the output has, from more threads than one."""
    given, written = tmp_path / "given.parquet", tmp_path / "written.parquet"
    table = pa.table({"i": pa.array(range(400_000), pa.int32())})
    pq.write_table(table, given, row_group_size=2048)
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.create_function(
            "passed", lambda i: i, [duckdb.sqltype("INTEGER")], duckdb.sqltype("INTEGER"), type="arrow"
        )
        query = f"select i, passed(i) as same from read_parquet('{given}')"
        write_parquet(connection, query, {"i": "INTEGER", "same": "INTEGER"}, written)
    assert pq.read_table(written)["same"].to_pylist() == list(range(400_000))


def test_facts_are_those_of_the_rows(files):
    for path in of(files, "observed.points"):
        facts = read_facts(path)
        with duckdb.connect() as connection:
            expected = connection.execute(
                "select count(*), min(easting), max(easting), min(northing), max(northing), min(pid), max(pid)"
                f" from read_parquet('{path}', hive_partitioning = false)"
            ).fetchone()
        found = (facts.n_rows, facts.easting_min, facts.easting_max, facts.northing_min, facts.northing_max)
        assert (*found, facts.pid_min, facts.pid_max) == expected


def test_the_same_rows_are_the_same_bytes_whatever_the_threads(tmp_path):
    query = "select 'p' || hash(i) as pid, [(hash(i + k) % 100)::smallint for k in range(40)] as d from range(30000) t(i)"
    contents = set()
    for threads in (1, 2):
        with duckdb.connect(config={"threads": threads}) as connection:
            for name, columns in (
                ("d", {"pid": "VARCHAR", "d": "SMALLINT[]"}),
                ("n", {"pid": "VARCHAR", "n": "BIGINT"}),
            ):
                text = (
                    f"{query} order by pid"
                    if name == "d"
                    else f"select pid, len(d) as n from ({query}) order by pid"
                )
                write_parquet(connection, text, columns, tmp_path / f"{name}{threads}.parquet")
                contents.add((name, read_facts(tmp_path / f"{name}{threads}.parquet").content))
    assert len(contents) == 2


def test_missing_epochs_are_null_in_the_file(tmp_path):
    with duckdb.connect() as connection:
        write_parquet(
            connection,
            "select '0' as pid, [1, null, -3]::smallint[] as d",
            {"pid": "VARCHAR", "d": "SMALLINT[]"},
            tmp_path / "d.parquet",
        )
    assert pq.read_table(tmp_path / "d.parquet")["d"].to_pylist() == [[1, None, -3]]
    assert pq.read_schema(tmp_path / "d.parquet").field("d").type.value_type == pa.int16()


def test_a_geopandas_like_reader_finds_the_crs_without_us(files):
    path = of(files, "observed.points")[0]
    with duckdb.connect() as connection:
        load_spatial(connection)
        (crs,) = connection.execute(f"select distinct st_crs(geometry) from '{path}'").fetchone()
    assert crs == "EPSG:3035"


def test_a_private_database_loads_only_what_duckdb_signed(tmp_path, monkeypatch):
    forged = tmp_path / "spatial.duckdb_extension"
    content = spatial_file().read_bytes()
    forged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))  # the signature is at the end
    monkeypatch.setattr(workspace, "spatial_file", lambda: forged)
    private = private_database(egmsql.Settings(threads=1), tmp_path)
    with private as connection, pytest.raises(duckdb.IOException, match="signature"):
        load_spatial(connection)
