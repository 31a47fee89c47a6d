"""What becomes of each file of a call, and of the lake, by the command a user types."""

import subprocess
import sys
from pathlib import Path

import forge
import pytest

import egmsql
from egmsql.errors import SourceError
from egmsql.ingestion import find_files

EGMSQL = Path(sys.executable).with_name("egmsql")


def run(*arguments):
    """Run the command; return (exit code, standard output, standard error)."""
    done = subprocess.run([EGMSQL, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def names(lake):
    with egmsql.connect(lake) as connection:
        return [
            p
            for (p,) in connection.execute(
                "select product from observed.products order by product"
            ).fetchall()
        ]


def sentences(done):
    return [sentence for _, sentence in done.lines]


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    return folder


def test_all_levels_and_generations_enter_one_lake(lake, files):
    for level in ("L2a", "L2b", "L3"):
        for generation, first in (("old", 2018), ("new", 2020)):
            forge.write_zip(
                files,
                level=level,
                generation=generation,
                dates=forge.epochs(forge.datetime.date(first, 1, 3)),
            )
    done = egmsql.ingest(lake, [files])
    assert done.errors == []
    assert len(names(lake)) == done.n_ingested == len(list(files.glob("*.zip")))
    egmsql.build(lake)
    assert egmsql.check(lake).is_clean
    with egmsql.connect(lake) as connection:
        (count, fitted) = connection.execute(
            "select count(*), count(velocity_mm_yr) from features.fits inner join observed.points using (pid, product)"
        ).fetchone()
    assert count == fitted > 0


def test_a_bad_file_is_told_in_one_line_and_the_others_are_done(lake, files):
    forge.write_zip(files)
    bad = forge.product(level="L3")
    bad["easting", 2] = "abc"
    bad.write_zip(files)
    code, out, _ = run("ingest", lake, files)
    assert code == 1
    (line,) = [line for line in out.splitlines() if line.startswith("refused: ")]
    assert line.count(";") >= 1 and "row 2" in line and "easting" in line
    assert "1 ingested, 0 skipped, 1 refused" in out
    assert len(names(lake)) == 1
    left = [p for p in lake.rglob("*.parquet") if "L3" in str(p)]
    assert left == []


def test_duplicated_pids_are_refused_with_their_rows(lake, files):
    product = forge.product(n_points=4)
    product.rows[3] = list(product.rows[1])
    product.write_zip(files)
    code, out, _ = run("ingest", lake, files)
    assert code == 1
    assert "points_have_unique_pids" in out
    assert '"first_row": 2' in out and '"last_row": 4' in out
    assert not list(lake.rglob("*.parquet"))


def test_the_same_file_twice_does_nothing_and_says_so(lake, files):
    forge.write_zip(files)
    egmsql.ingest(lake, [files])
    before = {p: p.stat().st_mtime_ns for p in lake.rglob("*.parquet")}
    done = egmsql.ingest(lake, [files])
    assert sentences(done) == ["nothing to do: already in the lake"]
    assert {p: p.stat().st_mtime_ns for p in lake.rglob("*.parquet")} == before


def test_zip_and_csv_of_one_product_in_one_call_are_one(lake, files):
    product = forge.product()
    product.write_csv(files)
    product.write_zip(files)
    done = egmsql.ingest(lake, [files])
    assert len(names(lake)) == 1
    assert any("skipped: the same content as" in s for s in sentences(done))


def test_a_newer_delivery_replaces_and_an_older_one_is_skipped(lake, files):
    first, second = forge.product(n_points=3), forge.product(n_points=5)
    second.stem = second.stem[:-1] + "2"
    old, new = first.write_zip(files), second.write_zip(files)
    egmsql.ingest(lake, [old])
    egmsql.build(lake)
    done = egmsql.ingest(lake, [new])
    assert sentences(done)[0].startswith(f"5 points, {len(second.epochs)} epochs; replaces {first.stem}")
    assert names(lake) == [second.stem]
    with egmsql.connect(lake) as connection:
        assert connection.execute("select distinct product from features.fits").fetchall() == []
    done = egmsql.ingest(lake, [old])
    assert sentences(done) == [f"skipped: the lake holds the newer delivery {second.stem}"]
    assert names(lake) == [second.stem]


def test_of_two_deliveries_in_one_call_the_newer_counts(lake, files):
    first, second = forge.product(n_points=3), forge.product(n_points=5)
    second.stem = second.stem[:-1] + "2"
    first.write_zip(files)
    second.write_zip(files)
    done = egmsql.ingest(lake, [files])
    assert names(lake) == [second.stem]
    assert any("newer delivery" in s or "older delivery" in s for s in sentences(done))


def test_the_same_name_with_other_content_replaces(lake, files):
    forge.product(n_points=3).write_zip(files)
    egmsql.ingest(lake, [files])
    forge.product(n_points=6).write_zip(files)
    done = egmsql.ingest(lake, [files])
    assert "replaces the content ingested before" in sentences(done)[0]
    with egmsql.connect(lake) as connection:
        assert connection.execute("select count(*) from observed.points").fetchone() == (6,)


def test_a_browser_copy_is_the_same_product(lake, files):
    path = forge.product().write_zip(files)
    egmsql.ingest(lake, [path])
    copy = files / f"{path.stem} (1).zip"
    copy.write_bytes(path.read_bytes())
    assert sentences(egmsql.ingest(lake, [copy])) == ["nothing to do: already in the lake"]


def test_two_releases_without_suffix_do_not_replace_each_other(lake, files):
    date = forge.datetime.date
    early = forge.product(generation="old", release=None, dates=forge.epochs(date(2015, 3, 1), 8, 300))
    assert egmsql.ingest(lake, [early.write_zip(files)]).errors == []
    late = forge.product(generation="old", release=None, dates=forge.epochs(date(2018, 3, 1), 8, 240))
    assert late.stem == early.stem
    done = egmsql.ingest(lake, [late.write_zip(files)])
    (error,) = done.errors
    assert "the lake holds release 2015_2020 under this name, the file is release 2018_2022" in str(error)
    assert f"rename it to {late.stem}_2018_2022_1.zip to keep both" in str(error)
    assert names(lake) == [early.stem]


def test_missing_epochs_are_null_and_fitted_by_pattern(lake, files):
    product = forge.product(n_points=4, dates=forge.epochs(n_epochs=40, step=12))
    product[product.epochs[3], 2] = ""
    product[product.epochs[5], 2] = "NaN"
    product.write_zip(files)
    egmsql.ingest(lake, [files])
    egmsql.build(lake)
    with egmsql.connect(lake) as connection:
        gaps = connection.execute(
            "select missing, n_points from observed.gaps order by len(missing)"
        ).fetchall()
        fits = connection.execute(
            "select n_epochs, count(*), count(velocity_mm_yr) from features.fits group by 1 order by 1"
        ).fetchall()
    assert gaps == [([], 3), ([4, 6], 1)]
    assert fits == [(38, 1, 1), (40, 3, 3)]


def test_unknown_columns_are_told_and_recorded(lake, files):
    product = forge.product()
    product.add_column("my_note", "7")
    product.write_zip(files)
    done = egmsql.ingest(lake, [files])
    assert "my_note" in sentences(done)[0]
    with egmsql.connect(lake) as connection:
        assert connection.execute("select unknown_columns from observed.products").fetchone() == (
            ["my_note"],
        )


def test_folders_and_patterns_name_files_once_zips_first(files):
    product = forge.product()
    zipped, bare = product.write_zip(files), product.write_csv(files)
    found = find_files([files / "*.csv", files, zipped])
    assert found == [zipped, bare]


@pytest.mark.parametrize(
    ("pattern", "wrong"), [("*.none", "matches no file"), ("", "holds no zip and no csv")]
)
def test_patterns_and_folders_without_files_are_told(files, pattern, wrong):
    with pytest.raises(SourceError, match=wrong):
        find_files([f"{files}/{pattern}"])


def test_a_moved_delivered_file_is_found_again(lake, files):
    path = forge.product().write_zip(files)
    egmsql.ingest(lake, [path])
    moved = path.rename(files / f"moved {path.name}")
    moved = moved.rename(files.parent / path.name)
    egmsql.ingest(lake, [moved])
    with egmsql.connect(lake) as connection:
        assert connection.execute("select path from _sources").fetchone() == (str(moved),)


def test_the_reader_of_the_plain_shell_and_ours_agree_on_forged_files(files):
    import duckdb
    import pyarrow as pa

    from egmsql.sources import open_source
    from egmsql.workspace import load_spatial

    with duckdb.connect() as connection:
        load_spatial(connection)
        for macro in egmsql.load_project().macros.values():
            connection.execute(macro.text)
        for level in ("L2a", "L2b", "L3"):
            for generation in ("old", "new"):
                product = forge.product(level=level, generation=generation, n_points=5)
                product[product.epochs[2], 3] = ""
                path = product.write_csv(files)
                ours = pa.Table.from_batches(open_source(path).batches())
                plain = connection.execute("from read_egms(?)", [str(path)]).to_arrow_table()
                assert plain.schema.names == ours.schema.names
                assert plain.to_pylist() == ours.to_pylist()


def test_an_open_connection_keeps_its_state_and_later_work_builds_on_the_new_one(lake, files):
    """DuckDB would hand every connection of a process the first instance it opened of a path."""
    egmsql.ingest(lake, [forge.product().write_zip(files)])
    with egmsql.connect(lake) as old:
        egmsql.build(lake)
        assert egmsql.plan(lake) == []
        with egmsql.connect(lake) as new:
            assert old.execute("select count(*) from features.fits").fetchone() == (0,)
            assert new.execute("select count(*) from features.fits").fetchone() == (5,)
            assert (
                new.cursor()
                .execute("select len(fit_weights(epochs, []).velocity) from observed.products")
                .fetchone()
            )
        egmsql.ingest(lake, [forge.product(track=23).write_zip(files)])
        egmsql.ingest(lake, [forge.product(track=24).write_zip(files)])
    egmsql.build(lake)
    with egmsql.connect(lake) as new:
        assert new.execute("select count(*) from features.fits").fetchone() == (15,)
    assert [p.name for p in lake.iterdir() if p.name.startswith(".reading")] == []
