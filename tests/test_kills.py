"""`kill -9` at any moment: the lake shows the old state or the new one, and the next run makes it good.

A few of what `make faults` does by the hundred.
"""

import pytest
from faults.kills import COMMANDS, Tally, operation, serve_trial, trial
from faults.lakes import Lakes

SEED = 9
TRIALS = {"ingest": 3, "build": 3, "publish": 3, "clean": 1, "repair": 1, "remove": 1}


@pytest.fixture(scope="module")
def lakes(tmp_path_factory):
    return Lakes.made(tmp_path_factory.mktemp("lakes"), n_points=60)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_is_made_good_by_the_next(name, lakes, tmp_path):
    tally = Tally()
    done = operation(name, lakes, tmp_path)
    for number in range(TRIALS[name]):
        trial(done, SEED + number, tmp_path, tally)
    assert not tally.wrong
    assert tally.kills > 0


def test_a_killed_server_leaves_the_lake_as_it_was(lakes, tmp_path):
    tally = Tally()
    serve_trial(lakes, SEED, tmp_path, tally)
    assert not tally.wrong
