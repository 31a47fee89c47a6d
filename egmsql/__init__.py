"""egmsql: European Ground Motion Service files as a lake you query with SQL.

Everything a command does is a call here: `ingest`, `plan`, `build`, `check`, `repair`, `remove`, `clean`,
`sandbox`, `report`, `connect`, `trace`, and `egmsql.simulator.simulate`.
"""

from egmsql.about import __version__
from egmsql.api import build, check, clean, ingest, plan, remove, repair, report, sandbox, stale
from egmsql.connection import connect
from egmsql.errors import AuditError, EgmsqlError, LakeError, ModelError, SettingError, SourceError
from egmsql.infer import infer_contracts
from egmsql.lineage import trace
from egmsql.project import load_project
from egmsql.settings import Settings

__all__ = [
    "AuditError",
    "EgmsqlError",
    "LakeError",
    "ModelError",
    "SettingError",
    "Settings",
    "SourceError",
    "__version__",
    "build",
    "check",
    "clean",
    "connect",
    "infer_contracts",
    "ingest",
    "load_project",
    "plan",
    "remove",
    "repair",
    "report",
    "sandbox",
    "stale",
    "trace",
]
