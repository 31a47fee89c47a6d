"""Finding what a project's models promise now: DuckDB describes each statement over tables without rows."""

import dataclasses

from egmsql.contracts import Contract
from egmsql.settings import Settings
from egmsql.sources import FILE_SCHEMA, ROWS_SCHEMA
from egmsql.workspace import Workspace


def infer_contracts(project):
    """Return model name -> Contract as the statements are now, in build order."""
    contracts = {}
    settings = Settings(threads=1, memory=2**28)
    bound = dataclasses.replace(project, contracts=contracts)
    with Workspace(bound, settings, project.folder / ".spill") as workspace:
        connection = workspace.connection
        for name, schema in (("rows", ROWS_SCHEMA), ("file", FILE_SCHEMA)):
            connection.register("_empty", schema.empty_table())
            connection.execute(f"create table source.{name} as from _empty")
            connection.unregister("_empty")
        workspace.prepare_functions(list(project.models.values()))
        workspace.bind_partition("")
        for name, model in project.models.items():
            rows = connection.execute(f"describe {model.query}").fetchall()
            contracts[name] = Contract(model.version, {row[0]: row[1] for row in rows})
            if model.kind == "view":
                connection.execute(model.text)
            else:
                workspace.bind_files(name, [])
    return contracts
