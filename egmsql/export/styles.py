"""QGIS styles: velocity in steps and class in colours, beside the file and inside a GeoPackage."""

import contextlib
import itertools
import sqlite3
from xml.sax.saxutils import quoteattr

# mm/yr, from away from the satellite (red) to towards it (blue): people with a red-green weakness tell them
# apart.
VELOCITY_STEPS = (-1000, -20, -10, -5, -2.5, 2.5, 5, 10, 20, 1000)
VELOCITY_COLOURS = (
    "103,0,31",
    "178,24,43",
    "214,96,77",
    "244,165,130",
    "230,230,230",
    "146,197,222",
    "67,147,195",
    "33,102,172",
    "5,48,97",
)
CLASS_COLOURS = {
    "stable": "225,225,225",
    "linear": "31,120,180",
    "accelerating": "227,26,28",
    "decelerating": "51,160,44",
    "velocity_change": "255,127,0",
    "step": "106,61,154",
    "complex": "177,89,40",
    "noisy": "251,200,220",
    "mixed": "128,128,128",
    "unclassified": "200,200,200",
    "": "200,200,200",  # every other value, in QGIS
}
_FIELD = {".shp": "vel"}


def add_styles(out, layer):
    """Write the styles of a layer beside `out`; in a GeoPackage also as `layer_styles`, velocity first."""
    velocity = velocity_style(layer, _FIELD.get(out.suffix.lower(), "velocity_mm_yr"))
    classes = class_style(layer)
    if out.suffix.lower() != ".csv":
        out.with_suffix(".qml").write_text(velocity, encoding="utf-8")
        out.with_name(f"{out.stem}.class.qml").write_text(classes, encoding="utf-8")
    if out.suffix.lower() == ".gpkg":
        _into_geopackage(out, layer, {"velocity": velocity, "class": classes})


def velocity_style(layer, field="velocity_mm_yr"):
    """Return a QGIS style that colours shapes by velocity."""
    ranges = "".join(
        f'<range lower="{low}" upper="{high}" symbol="{i}" render="true"'
        f" label={quoteattr(_span(low, high))}/>"
        for i, (low, high) in enumerate(itertools.pairwise(VELOCITY_STEPS))
    )
    return _style(
        f'<renderer-v2 type="graduatedSymbol" attr="{field}" graduatedMethod="GraduatedColor"'
        f' symbollevels="0" enableorderby="0"><ranges>{ranges}</ranges>'
        f"<symbols>{_symbols(layer, VELOCITY_COLOURS)}</symbols></renderer-v2>"
    )


def class_style(layer, field="class"):
    """Return a QGIS style that colours shapes by class."""
    categories = "".join(
        f'<category value="{name}" label="{name.replace("_", " ") or "other"}" symbol="{i}" render="true"/>'
        for i, name in enumerate(CLASS_COLOURS)
    )
    return _style(
        f'<renderer-v2 type="categorizedSymbol" attr="{field}" symbollevels="0" enableorderby="0">'
        f"<categories>{categories}</categories>"
        f"<symbols>{_symbols(layer, CLASS_COLOURS.values())}</symbols></renderer-v2>"
    )


def _span(low, high):
    if low == -1000:
        return f"below {high} mm/yr"
    return f"above {low} mm/yr" if high == 1000 else f"{low} to {high} mm/yr"


def _style(renderer):
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.28.0" styleCategories="Symbology">{renderer}</qgis>\n'
    )


def _symbols(layer, colours):
    kind, symbol = ("marker", "SimpleMarker") if layer == "points" else ("fill", "SimpleFill")
    size = '<Option name="size" type="QString" value="1.6"/>' if kind == "marker" else ""
    return "".join(
        f'<symbol name="{i}" type="{kind}" alpha="0.85" clip_to_extent="1">'
        f'<layer class="{symbol}" enabled="1" locked="0" pass="0"><Option type="Map">'
        f'<Option name="color" type="QString" value="{colour},255"/>'
        f'<Option name="outline_color" type="QString" value="60,60,60,255"/>{size}'
        f'<Option name="outline_width" type="QString" value="0.1"/></Option></layer></symbol>'
        for i, colour in enumerate(colours)
    )


def _into_geopackage(path, layer, styles):
    """Add the table that QGIS reads styles from, as QGIS itself makes it."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        (column,) = database.execute(
            "select column_name from gpkg_geometry_columns where table_name = ?", [layer]
        ).fetchone()
        database.execute(
            "create table layer_styles (id integer primary key autoincrement, f_table_catalog text(256),"
            " f_table_schema text(256), f_table_name text(256), f_geometry_column text(256),"
            " styleName text(30), styleQML text, styleSLD text, useAsDefault boolean, description text,"
            " owner text(30), ui text(30),"
            " update_time datetime default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))"
        )
        database.execute(
            "insert into gpkg_contents (table_name, data_type, identifier) values"
            " ('layer_styles', 'attributes', 'layer_styles')"
        )
        for number, (name, style) in enumerate(styles.items()):
            database.execute(
                "insert into layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,"
                " styleName, styleQML, styleSLD, useAsDefault, description, owner)"
                " values ('', '', ?, ?, ?, ?, '', ?, ?, '')",
                [layer, column, name, style, number == 0, f"{layer} by {name}"],
            )
