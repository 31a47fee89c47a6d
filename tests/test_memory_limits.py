"""A limit of memory that the kernel holds: ingest and check keep it, and being killed for it loses nothing.

`make test-memory` does this with 2 GiB and the largest file of EGMS, and builds.
"""

import signal

import pytest
from faults import memory
from faults.lakes import Lakes, copied, shown

MIB = 2**20


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    return Lakes.made(tmp_path_factory.mktemp("lakes"), n_points=60)


def test_ingest_and_check_keep_within_a_limit(lakes, tmp_path):
    lake = copied(lakes.begun, tmp_path / "lake")
    for arguments in (("ingest", lake, lakes.delivered), ("check", lakes.built)):
        code, _, told = memory.run(600 * MIB, *arguments)
        assert code == 0, told
    assert shown(lake) == shown(lakes.fed)


def test_a_limit_that_is_too_small_ends_the_command_and_the_lake_is_as_it_was(lakes, tmp_path):
    lake = copied(lakes.begun, tmp_path / "lake")
    code, *_ = memory.run(60 * MIB, "ingest", lake, lakes.delivered)
    assert code in (-signal.SIGKILL, 1), "the limit did not bite, so the test above proves nothing"
    assert shown(lake) == shown(lakes.begun)
