"""One disposable process that answers SQL from the served file and can do nothing else.

It is started as `python -I worker.py FD THREADS MEMORY ADDRESS_SPACE` with the file already open, so it knows
no path. Requests and answers are JSON, each behind its length; an answer that takes too long is interrupted
here, and where DuckDB does not listen, the parent ends the process.
"""

import base64
import contextlib
import datetime
import decimal
import json
import math
import resource
import struct
import sys
import threading
from pathlib import Path

import duckdb

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))  # -I leaves it out
    from guard import Guard, RefusedError
else:
    from egmsql.web.guard import Guard, RefusedError

LENGTH = struct.Struct("<I")

# Relaxing any of these after they are set is refused by DuckDB; the order matters.
LOCKS = (
    "set enable_external_access = false",
    "set disabled_filesystems = 'LocalFileSystem'",
    "set lock_configuration = true",
)


def open_served(descriptor, threads, memory):
    """Return a locked connection on a served file that is already open, and the tables it may show.

    The descriptor and not a path: the file may have been replaced meanwhile, and all readers of one state
    must read the same.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "memory_limit": memory,
            "temp_directory": "",
            "python_enable_replacements": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "default_null_order": "sqlite",
        },
    )
    connection.execute(f"attach '/dev/fd/{descriptor:d}' as served (read_only)")
    connection.execute("use served")
    for lock in LOCKS:
        connection.execute(lock)
    names = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'served' and schema_name = 'main'"
        " union select view_name from duckdb_views() where database_name = 'served' and schema_name = 'main'"
        " and not internal"
    ).fetchall()
    return connection, {name for (name,) in names}


def _serve(descriptor, threads, memory, address_space):
    connection, relations = open_served(descriptor, threads, memory)
    guard = Guard(connection, relations)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with contextlib.suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    _send(b"{}")  # ready: from here on the parent counts the time of queries
    while True:
        head = sys.stdin.buffer.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        request = json.loads(sys.stdin.buffer.read(LENGTH.unpack(head)[0]))
        try:
            answer = json.dumps(_answer(connection, guard, request), separators=(",", ":")).encode()
        except MemoryError:
            answer = b'{"error":"the answer needs more memory than is allowed"}'
        _send(answer)


def _send(answer):
    sys.stdout.buffer.write(LENGTH.pack(len(answer)) + answer)
    sys.stdout.buffer.flush()


def _answer(connection, guard, request):
    """Return what one request asks for, or {"error": ...}."""
    cursor = connection.cursor()
    timer = threading.Timer(request["ms"] / 1000, cursor.interrupt)
    try:
        guard.check(request["sql"])
        cursor.execute("use served")
        timer.start()
        cursor.execute(request["sql"], request["params"] or None)
        limit = request["limit"]
        rows = cursor.fetchmany(limit + 1) if limit else cursor.fetchall()
        timer.cancel()
        columns = [d[0] for d in cursor.description]
        narrow = [str(d[1]).upper() == "FLOAT" for d in cursor.description]
        kept = rows[:limit] if limit else rows
        shown = [[_value(v, n) for v, n in zip(row, narrow, strict=True)] for row in kept]
        return {"columns": columns, "rows": shown, "truncated": len(kept) < len(rows)}
    except RefusedError as error:
        return {"error": str(error), "refused": True}
    except duckdb.InterruptException:
        return {"error": "interrupted", "interrupted": True}
    except (duckdb.Error, OverflowError, UnicodeError) as error:
        return {"error": " ".join(str(error).split())}
    finally:
        timer.cancel()
        cursor.close()


def _value(value, narrow=False):
    """Return a value of a row as JSON knows it; a dict with `$` stands for what JSON has no word for."""
    if value is None or isinstance(value, str | bool):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return _shortest(value) if narrow else value
    if isinstance(value, int):
        return value
    if isinstance(value, list | tuple):
        return [_value(v) for v in value]
    if isinstance(value, dict):
        return json.dumps({str(k): _value(v) for k, v in value.items()}, ensure_ascii=False)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, bytes):
        return {"$": base64.b64encode(value).decode()}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat(*([" "] if isinstance(value, datetime.datetime) else []))
    return str(value)


def _shortest(value):
    """Return the shortest decimal that reads back to the same 32-bit number: paging by it loses no row."""
    packed = struct.pack("f", value)
    for digits in range(6, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("f", float(text)) == packed:
            return float(text)
    return value


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
