"""What Datasette shows beside the rows: meanings and units, source and licence, facets, ready queries."""

from egmsql.web.limits import LICENCE, LICENCE_URL, SOURCE, SOURCE_URL

from egmsql.about import ATTRIBUTION

_FACETS = {
    "points": ("release", "level", "viewing", "class"),
    "overviews": ("zoom", "release", "level", "viewing"),
    "products": ("release", "level", "viewing", "track"),
    "models": ("layer", "kind"),
    "glossary": ("model", "unit"),
}
QUERIES = {  # they read `points`
    "strongest_movers": {
        "title": "The points that move fastest away, down or west",
        "sql": """select pid, product, viewing, longitude, latitude,
    velocity_mm_yr, velocity_sigma_mm_yr, temporal_coherence
from points
where velocity_mm_yr < -3 * velocity_sigma_mm_yr and temporal_coherence >= 0.7
order by velocity_mm_yr
limit 100""",
    },
    "velocities_by_product": {
        "title": "How fast each product moves",
        "sql": """select product, count(*) as n_points,
    round(median(velocity_mm_yr), 2) as median_mm_yr,
    round(quantile_cont(velocity_mm_yr, 0.01), 2) as lowest_percent_mm_yr,
    round(quantile_cont(velocity_mm_yr, 0.99), 2) as highest_percent_mm_yr
from points
group by product
order by product""",
    },
    "points_around": {
        "title": "The points around a place",
        "sql": """select pid, product, viewing, velocity_mm_yr, velocity_sigma_mm_yr, height_ortho,
    round(111320 * sqrt(((longitude - :longitude::double) * cos(radians(:latitude::double))) ** 2
        + (latitude - :latitude::double) ** 2)) as distance_m
from points
where longitude between :longitude::double - 0.01 and :longitude::double + 0.01
    and latitude between :latitude::double - 0.01 and :latitude::double + 0.01
order by distance_m
limit 100""",
        "params": ["longitude", "latitude"],
    },
}

_SOURCE = {
    "source": SOURCE,
    "source_url": SOURCE_URL,
    "license": LICENCE,
    "license_url": LICENCE_URL,
}


def describe(snapshot):
    """Return Datasette's metadata of the database that shows a state."""
    tables = {}
    for table in snapshot.tables.values():
        columns = {}
        for column in table.columns:
            unit, meaning = table.meanings.get(column, ("", ""))
            if meaning or unit:
                columns[column] = f"{meaning} [{unit}]" if unit else meaning
        tables[table.name] = {
            **_SOURCE,
            "description": table.description,
            "columns": columns,
            "facets": [c for c in _FACETS.get(table.name, ()) if c in table.columns],
            "sortable_columns": list(table.columns),
        }
    tables.get("models", {})["label_column"] = "model"
    return {
        **_SOURCE,
        "description": f"{ATTRIBUTION}.",
        "tables": tables,
        "queries": {name: {**_SOURCE, **query} for name, query in QUERIES.items()},
    }
