"""Contracts: what each model promises about its columns, in a golden text file that people review.

features.fits version 1
    pid              VARCHAR
    velocity_mm_yr   DOUBLE
"""

import re
from dataclasses import dataclass

from egmsql.errors import ModelError

_HEAD = re.compile(r"(\S+) version (\d+)")


@dataclass(frozen=True)
class Contract:
    """The promise of one version of a model: its columns and their DuckDB types, in order."""

    version: int
    columns: dict[str, str]


def read_contracts(path):
    """Return model name -> Contract; an absent file promises nothing."""
    contracts, columns = {}, None
    if not path.exists():
        return contracts
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        head = _HEAD.fullmatch(line)
        if head:
            columns = {}
            contracts[head[1]] = Contract(int(head[2]), columns)
        elif line.startswith("    ") and columns is not None:
            name, _, sql_type = line.strip().partition(" ")
            columns[name] = sql_type.strip()
        elif line.strip():
            advice = "write it again with `egmsql contracts --write`"
            raise ModelError(f"{path}, line {number}", "is no contract", advice)
    return contracts


def write_contracts(contracts):
    """Return the text of a contracts file."""
    blocks = []
    for name, contract in contracts.items():
        width = max(map(len, contract.columns))
        lines = [f"    {column.ljust(width)} {sql_type}" for column, sql_type in contract.columns.items()]
        blocks.append("\n".join([f"{name} version {contract.version}", *lines]))
    return "\n\n".join(blocks) + "\n"


def check_columns(model, contracts, columns):
    """Raise ModelError unless `columns` (name -> type) is what the model's contract promises."""
    contract = contracts.get(model.name)
    advice = "raise the model's version and write the contracts again with `egmsql contracts --write`"
    if contract is None:
        raise ModelError(model.path, "has no contract", "write it with `egmsql contracts --write`")
    if contract.version != model.version:
        wrong = f"is version {model.version}, its contract version {contract.version}"
        raise ModelError(model.path, wrong, "write the contracts again with `egmsql contracts --write`")
    if list(contract.columns.items()) != list(columns.items()):
        gone = [c for c in contract.columns if columns.get(c) != contract.columns[c]]
        come = [c for c in columns if contract.columns.get(c) != columns[c]]
        changed = ", ".join(sorted({*gone, *come})) or "their order"
        raise ModelError(
            model.path, f"breaks the contract of version {contract.version} in {changed}", advice
        )
