"""Datasette's own statements, written for SQLite, as DuckDB reads them.

People's SQL is DuckDB's: of it only named parameters change (`:name` to `$name`). What Datasette's templates
write is recognised by shapes that people do not type.
"""

import re

_TOKEN = re.compile(
    r"""
      (?P<string>'(?:''|[^'])*')
    | (?P<quoted>"(?:""|[^"])*")
    | (?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<cast>::)
    | (?P<param>:[A-Za-z_]\w*)
    | (?P<bracket>\[[^\[\]]*\])
    | (?P<word>[\w$]+)
    | (?P<space>\s+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_COLUMN = r'(?P<c>"(?:[^"]|"")*")'
_FILTERS = (
    (re.compile(rf"{_COLUMN} (?P<n>not )?like (?P<p>\$\w+)"), r"cast(\g<c> as varchar) \g<n>ilike \g<p>"),
    (re.compile(rf"{_COLUMN} glob (?P<p>\$\w+)"), r"cast(\g<c> as varchar) glob \g<p>"),
    (re.compile(rf"{_COLUMN} is null or (?P=c) = \"\""), r"\g<c> is null or cast(\g<c> as varchar) = ''"),
    (re.compile(rf"{_COLUMN} is null or (?P=c) = ''"), r"\g<c> is null or cast(\g<c> as varchar) = ''"),
    (
        re.compile(rf"{_COLUMN} is not null and (?P=c) != (''|\"\")"),
        r"\g<c> is not null and cast(\g<c> as varchar) != ''",
    ),
    (
        re.compile(
            r"(?P<p>\$\w+) (?P<n>not )?in \(select value from json_each\((?:\"(?:[^\"]|\"\")*\"\.)?"
            rf"{_COLUMN}\)\)"
        ),
        r"\g<n>list_contains(\g<c>, \g<p>)",
    ),
    (re.compile(r"\bin \(\)"), "in (null)"),
)
_FACET = re.compile(
    r"\s*select (?P<c>.+?) as value, count\(\*\) as (?P<n>n|count) from \((?P<sql>.*)\)\s*"
    r"where (?P<w>.+?) is not null\s*group by (?P<g>.+?)(?: order by count desc, value)? limit (?P<l>\d+)\s*",
    re.DOTALL,
)
_NAME = r'"(?:[^"]|"")+"|[A-Za-z_]\w*'
_ORDERED = re.compile(
    rf"(?P<head>select (?P<columns>(?:{_NAME})(?:, (?:{_NAME}))*) from (?P<table>{_NAME}) (?:where .*)?"
    rf"order by (?P<order>{_NAME})(?: desc)?)(?P<tail> limit \d+)\s*",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z_]\w*")


def to_duckdb(sql, params, names):
    """Return (sql, params) for DuckDB.

    Parameters
    ----------
    sql : str
    params : dict, list or None
        DuckDB refuses parameters that a statement does not name, so only those named are returned.
    names : set of str
        Tables and columns, lower case: `[name]` means one of these, or else a list.
    """
    named = params if isinstance(params, dict) else {}
    parts, used, before = [], {}, ""
    for match in _TOKEN.finditer(sql):
        kind, text = match.lastgroup, match[0]
        if match["dollar"]:
            kind = "dollar"
        if kind == "param" and text[1:] in named:
            used[text[1:]] = named[text[1:]]
            text = f"${text[1:]}"
        elif kind == "bracket" and before not in ("word", "quoted", "bracket", "string", "close"):
            inside = text[1:-1]
            if inside.lower() in names:
                text = '"' + inside.replace('"', '""') + '"'
        parts.append(text)
        before = "close" if text in (")", "]") else kind
    written = "".join(parts)
    for pattern, replacement in _FILTERS:
        written = pattern.sub(replacement, written)
    written = _facet(written)
    return written, (used if isinstance(params, dict) else list(params) if params else None)


def _facet(sql):
    match = _FACET.fullmatch(sql)
    if match is None:
        return sql
    column = f'"{match["c"]}"' if _BARE.fullmatch(match["c"]) else match["c"]
    order = " order by 2 desc, 1" if match["n"] == "count" else ""
    return (
        f"select {column} as value, count(*) as {match['n']} from ({match['sql']})"
        f" where {column} is not null group by 1{order} limit {match['l']}"
    )


def with_key_order(sql, keys):
    """Return the statement of a table page so that rows of equal value come in order of their key.

    Datasette's paging takes that for granted, for SQLite does it; without it rows are lost between pages.

    Parameters
    ----------
    keys : dict
        Table -> (its columns, the columns that name a row).
    """
    match = _ORDERED.fullmatch(sql)
    table = match and _unquoted(match["table"])
    if not match or table not in keys:
        return sql
    columns, key = keys[table]
    listed = {_unquoted(each) for each in re.findall(_NAME, match["columns"])}
    if not listed | {_unquoted(match["order"])} <= set(columns):
        return sql
    further = [f'"{c}"' for c in key if c != _unquoted(match["order"])]
    return ", ".join([match["head"], *further]) + match["tail"]


def _unquoted(name):
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
