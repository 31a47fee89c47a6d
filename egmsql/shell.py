"""The SQL prompt: DuckDB in this process, so that the UDFs are known."""

import os
import sys
from pathlib import Path

import duckdb

from egmsql.errors import SettingError

_HELP = """Statements end with a semicolon and may take several lines.
.tables           models and tables, with what a row tells
.columns MODEL    columns with unit and meaning
.udfs             functions that only this shell knows
.quit             leave (also Ctrl-D)"""

_COMMANDS = {
    ".tables": "select model, version, grain, description from _models order by layer, model",
    ".udfs": "select signature, documentation from _udfs order by udf",
}


def run_shell(connection, lake):
    """Read statements from the terminal with a history, or from a pipe, and show their results.

    Raises
    ------
    SettingError
        In a pipe, at the first statement that fails; those before it have been shown.
    """
    if not sys.stdin.isatty():
        _run_script(connection, sys.stdin.read())
        return
    print(f"egmsql shell on {lake}: .help for help")  # noqa: T201 - talking to the person is its purpose
    session = _session(connection)
    while True:
        try:
            text = session.prompt("egmsql> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if not _answer(connection, text.strip()):
            return


def _run_script(connection, text):
    try:
        for statement in duckdb.extract_statements(text):
            _show(connection, statement)
    except (duckdb.Error, RuntimeError) as error:
        message = " ".join(str(error).split())[:400]
        raise SettingError(
            "standard input", message, "correct the statement; dot commands are for the prompt"
        ) from None


def _answer(connection, text):
    """Do what one input says; False to leave. An error is shown, and the prompt goes on."""
    try:
        if text in (".quit", ".exit"):
            return False
        if text == ".help":
            print(_HELP)  # noqa: T201
        elif text.split(" ")[0] == ".columns":
            model = text.split(" ", 1)[-1].strip().replace("'", "''")
            query = f"select column_name, type, unit, meaning from _columns where model = '{model}'"
            _show(connection, query)
        elif text:
            for statement in duckdb.extract_statements(_COMMANDS.get(text, text)):
                _show(connection, statement)
    except (duckdb.Error, RuntimeError) as error:
        print(str(error).strip())  # noqa: T201
    except KeyboardInterrupt:
        connection.interrupt()
    return True


def _show(connection, statement):
    relation = connection.sql(statement)
    if relation is not None:
        relation.show(max_width=_width())


def _width():
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 120


def _session(connection):
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.lexers import PygmentsLexer
    from pygments.lexers.sql import SqlLexer

    home = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state")) / "egmsql"
    home.mkdir(parents=True, exist_ok=True)
    words = connection.execute(
        "select model from _models union select column_name from _columns union select udf from _udfs"
    ).fetchall()
    session = PromptSession(
        history=FileHistory(str(home / "history")),
        lexer=PygmentsLexer(SqlLexer),
        completer=WordCompleter(sorted(w for (w,) in words), sentence=False),
        complete_while_typing=False,
    )
    unfinished = Condition(lambda: not _is_complete(session.default_buffer.text))
    session.multiline = unfinished
    return session


def _is_complete(text):
    text = text.strip()
    return not text or text.startswith(".") or text.endswith(";")
