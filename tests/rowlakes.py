"""A lake whose rows are made by SQL, not measured: any number of points in seconds, under the real catalogue."""

import datetime

import duckdb

import egmsql
from egmsql.catalog import write_catalogue
from egmsql.lake import Lake
from egmsql.state import FileRecord, State
from egmsql.storage import FileFacts, quoted, write_parquet
from egmsql.workspace import load_spatial

WEST, SOUTH, SIDE = 4_600_000.0, 1_700_000.0, 40_000.0  # m, of one product
_NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

# Neighbouring products overlap by half. One point in five moves; velocities have all their digits.
_POINTS = f"""
select
    '1' || lpad(i::varchar, 9, '0') as pid, {{product}} as product,
    {WEST} + {{number}} * {SIDE} / 2 + (hash(i) % 4000000) / 100 as easting,
    {SOUTH} + (hash(i + 7) % 4000000) / 100 as northing,
    (hash(i + {{number}}) % 20000) / 1000 - 10 + sin(i) / 1e6 as velocity_mm_yr,
    ['linear', 'step', 'accelerating'][1 + i % 3] as class, i % 5 = 0 as is_moving, i
from range({{first}}, {{last}}) as t(i)
"""
_MODELS = {
    "observed.points": (
        "true",
        {
            "easting": "easting",
            "northing": "northing",
            "height_ortho": "i % 900 / 2",
            "geometry": "st_point(easting, northing)::geometry('EPSG:3035')",
        },
    ),
    "features.kinematics": (
        "true",
        {
            "velocity_mm_yr": "velocity_mm_yr",
            "velocity_sigma_mm_yr": "0.2",
            "rmse_mm": "2.5 + sin(i)",
            "temporal_coherence": "0.8",
        },
    ),
    "classes.motion": ("true", {"class": "class", "probability": "0.9"}),
    "clusters.members": ("is_moving", {"cluster": "product || '_' || i % 50", "is_core": "true"}),
    "blocks.eligible": ("is_moving", {"velocity_mm_yr": "velocity_mm_yr", "class": "class"}),
}


def make(folder, n_products, n_points, n_epochs=0):
    """Write a lake of n_products with n_points each, and series of n_epochs; return its path."""
    project = egmsql.load_project()
    lake, state = Lake(folder), State()
    folder.mkdir()
    with duckdb.connect() as connection:
        load_spatial(connection)
        for number in range(n_products):
            product = f"EGMS_L2b_{number + 1:03d}_0845_IW2_VV_2020_2024_1"
            span = {"first": number * n_points, "last": (number + 1) * n_points}
            source = _POINTS.format(product=quoted(product), number=number, **span)
            for name, (where, values) in _models(n_epochs).items():
                columns = project.contracts[name].columns
                if name == "observed.products":
                    query = _row(values | {"product": quoted(product)}, columns)
                else:
                    query = f"select {_listed(values, columns)} from ({source}) where {where}"
                path = lake.root / lake.file_for(name, "product", product, f"{number:020x}")
                path.parent.mkdir(parents=True, exist_ok=True)
                write_parquet(connection, query, columns, path)
                state.files[name, product] = _record(lake, name, product, path, number, n_points)
    write_catalogue(lake.catalogue, lake, project, state)
    return folder


def _models(n_epochs):
    epochs = f"[date '2020-01-01' + 6 * e::integer for e in range({n_epochs})]"
    series = f"[(i % 100 + e)::smallint for e in range({n_epochs})]"
    return _MODELS | {
        "observed.products": ("true", {"epochs": epochs, "level": "'L2b'"}),
        "series.displacement": ("true", {"displacements": series}),
    }


def _row(values, columns):
    return f"select {_listed(values, columns)}"


def _listed(values, columns):
    given = {"pid": "pid", "product": "product"} | values
    return ", ".join(
        f'({given.get(name, "null")})::{sql_type} as "{name}"' for name, sql_type in columns.items()
    )


def _record(lake, name, product, path, number, n_points):
    west = WEST + number * SIDE / 2
    facts = FileFacts(n_points, path.stat().st_size, "", west, west + SIDE, SOUTH, SOUTH + SIDE, None, None)
    named = {"model": name, "partition": product, "path": path.relative_to(lake.root).as_posix()}
    made = {"version": 1, "fingerprint": path.stem, "inputs": "{}", "built_at": _NOW}
    return FileRecord(**named, **made, **vars(facts))
