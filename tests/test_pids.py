"""The pid codec, in SQL and in numpy: known values, round trips, and both equal."""

import duckdb
import numpy as np
import pytest

import egmsql
from egmsql import pids

KNOWN_L2 = [
    ("3ODTn5TNYv", (3, 88, 282, 2, "VV", 1234, 12345)),
    ("166ax5Ofja", (1, 22, 845, 2, "VV", 1217, 4670)),
    ("1WBfX4cr1r", (1, 117, 227, 2, "VV", 1043, 11607)),
]
NAMES = ("facility", "track", "burst", "swath", "polarisation", "line", "pixel")


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as opened:
        for macro in egmsql.load_project().macros.values():
            if not any(name.startswith("st_") for name in macro.calls):
                opened.execute(macro.text)
        yield opened


@pytest.mark.parametrize(("pid", "parts"), KNOWN_L2)
def test_known_l2_pids_both_ways(connection, pid, parts):
    assert bytes(pids.encode_l2(*parts[:5], [parts[5]], [parts[6]])[0]).decode() == pid
    assert pids.decode_l2(pid) == dict(zip(NAMES, parts, strict=True))
    assert connection.execute("select encode_pid_l2(?, ?, ?, ?, ?, ?, ?)", parts).fetchone() == (pid,)
    assert connection.execute("select decode_pid_l2(?)", [pid]).fetchone()[0] == dict(
        zip(NAMES, parts, strict=True)
    )


def test_known_l3_pid_both_ways(connection):
    assert bytes(pids.encode_l3(1, [4597550], [1739750])[0]).decode() == "10LDTjEkDv"
    assert connection.execute("select encode_pid_l3(1, 4597550, 1739750)").fetchone() == ("10LDTjEkDv",)
    corner = {"facility": 1, "easting": 4597500, "northing": 1739700}
    assert pids.decode_l3("10LDTjEkDv") == corner
    assert connection.execute("select decode_pid_l3('10LDTjEkDv')").fetchone()[0] == corner


def test_the_largest_burst_is_what_the_code_gives_not_the_comment(connection):
    assert connection.execute("select encode_pid_l2(0, 175, 2148, 3, 'VV', 0, 0)[2:5]").fetchone() == (
        "mGVD",
    )


def test_any_l2_point_survives_the_round_trip_in_sql(connection):
    (bad,) = connection.execute(
        """
        with made as (
            select i, i % 5 as facility, 1 + i * 7 % 175 as track, i * 31 % 2149 as burst, 1 + i % 3 as swath,
                ['HH', 'HV', 'VH', 'VV'][1 + i % 4] as polarisation, i * 13 % 2048 as line, i * 17 % 65536 as pixel
            from range(20000) as t(i)
        ),
        decoded as (
            select *, decode_pid_l2(encode_pid_l2(facility, track, burst, swath, polarisation, line, pixel)) as d
            from made
        )
        select count(*) from decoded
        where (d.facility, d.track, d.burst, d.swath, d.polarisation, d.line, d.pixel)
            is distinct from (facility, track, burst, swath, polarisation, line, pixel)
        """
    ).fetchone()
    assert bad == 0


def test_numpy_and_sql_spell_the_same_pids(connection):
    rng = np.random.default_rng(4)
    lines, pixels = rng.integers(0, 2048, 500), rng.integers(0, 65536, 500)
    spelled = [bytes(p).decode() for p in pids.encode_l2(4, 175, 2148, 3, "HH", lines, pixels)]
    for line, pixel, pid in zip(lines.tolist(), pixels.tolist(), spelled, strict=True):
        assert connection.execute(
            "select encode_pid_l2(4, 175, 2148, 3, 'HH', ?, ?)", [line, pixel]
        ).fetchone() == (pid,)


@pytest.mark.parametrize("text", ["", "a-b", "ä", "01234567890", " 1", None])
def test_what_is_not_base_62_decodes_to_null(connection, text):
    assert connection.execute("select base62_decode(?)", [text]).fetchone() == (None,)


def test_every_real_pid_says_what_its_columns_say(real_lake):
    with egmsql.connect(real_lake) as opened:
        total, right = opened.execute(
            """
            select count(*), count(*) filter (
                case when level = 'L3' then pid = encode_pid_l3(1, easting, northing)
                else pid = encode_pid_l2(1, track, burst, swath, polarisation, line, pixel) end
            ) from observed.points inner join observed.products using (product)
            """
        ).fetchone()
    assert (total, right) == (23_871, 23_871)
