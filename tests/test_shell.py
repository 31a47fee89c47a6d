"""`egmsql shell`: a prompt on a terminal, statements from a pipe."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import forge
import pytest

import egmsql

EGMSQL = Path(sys.executable).with_name("egmsql")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shell")
    egmsql.ingest(folder / "lake", [forge.product().write_zip(folder)])
    egmsql.build(folder / "lake")
    return folder / "lake"


def piped(lake, text):
    return subprocess.run([EGMSQL, "shell", lake], input=text, capture_output=True, text=True)


def test_statements_from_a_pipe_know_udfs_and_spatial(lake):
    done = piped(
        lake,
        "select len(fit_weights(epochs, []).velocity) as n from observed.products;\n"
        "select st_x(geometry) = easting as same from observed.points limit 1;",
    )
    assert done.returncode == 0
    assert " 8 " in done.stdout and "true" in done.stdout


def test_an_error_in_a_pipe_is_one_line_and_exit_code_1(lake):
    done = piped(lake, "select 1 as one; from nowhere; select 3 as three;")
    assert done.returncode == 1
    assert "nowhere" in done.stderr and "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert "one" in done.stdout and "three" not in done.stdout


@pytest.mark.parametrize("text", ["from nowhere;", "select 1;\n.quit\n", "selec 1", "select error('mine')"])
def test_a_statement_that_fails_in_a_pipe_is_the_users(lake, text):
    done = piped(lake, text)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("standard input: ") and "correct the statement" in line
    assert "report it" not in line


def test_the_shell_cannot_write_to_the_lake(lake):
    done = piped(lake, "create table observed.mine as select 1;")
    assert done.returncode == 1
    assert "read-only" in done.stderr


class Terminal:
    """A shell on a terminal of its own."""

    def __init__(self, lake, home):
        self._leader, follower = pty.openpty()
        environment = {
            **os.environ,
            "TERM": "xterm",
            "XDG_STATE_HOME": str(home),
            "PROMPT_TOOLKIT_NO_CPR": "1",
        }
        self.process = subprocess.Popen(
            [EGMSQL, "shell", lake],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=environment,
            close_fds=True,
        )
        os.close(follower)
        self.seen = ""

    def type(self, text):
        os.write(self._leader, text.encode())

    def until(self, text, seconds=60):
        """Read until `text` appears after what was seen before; fail at the deadline."""
        start, deadline = len(self.seen), time.monotonic() + seconds
        while text not in self.seen[start:]:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._leader], [], [], 0.2)[0]:
                self.seen += os.read(self._leader, 65536).decode(errors="replace")

    def close(self):
        self.process.wait(timeout=60)
        os.close(self._leader)


def test_a_person_types_statements_over_lines_and_finds_them_in_the_history(lake, tmp_path):
    terminal = Terminal(lake, tmp_path)
    terminal.until("egmsql>")
    terminal.type("select 40\r")
    terminal.type("+ 2 as answer;\r")
    terminal.until("42")
    terminal.type("from nowhere;\r")
    terminal.until("Catalog Error")
    terminal.type(".columns features.fits\r")
    terminal.until("velocity_mm_yr")
    terminal.type(".quit\r")
    terminal.close()
    assert terminal.process.returncode == 0
    assert "+select 40" in (tmp_path / "egmsql" / "history").read_text()
