"""Files are the same whatever the threads only where a model's order leaves no two rows to chance."""

import pytest
import sqlglot
from sqlglot import exp

import egmsql

PROJECT = egmsql.load_project()
ONE_ROW = {"observed.products", "serving.products", "blocks.parameters"}  # a partition, or the lake
AS_READ = {"features.hypotheses", "features.residuals", "features.shape"}  # rows of one file, in its order
TOLD_BY = {  # column of the grain: what orders it as well
    ("ground.places", "product"): "release_number",
    ("serving.overviews", "release"): "dataset",
    ("serving.overviews", "level"): "dataset",
}


def ordered_by(model):
    """Return the output columns that the last `order by` of a model names."""
    tree = sqlglot.parse_one(model.query, read="duckdb")
    order = tree.args.get("order")
    keys = [key.this.name for key in order.expressions if isinstance(key.this, exp.Column)] if order else []
    outputs = {e.this.name: e.alias for e in tree.expressions if isinstance(e, exp.Alias)}
    return {name for key in keys for name in (key, outputs.get(key, key))}


@pytest.mark.parametrize("name", sorted(set(PROJECT.tables) - ONE_ROW - AS_READ))
def test_the_order_of_a_model_names_its_whole_grain(name):
    """A place on the Hilbert curve is 128 m wide: several cells, and several zooms' cells, have the same."""
    model, named = PROJECT.tables[name], ordered_by(PROJECT.tables[name])
    told = {column for column in model.grain if TOLD_BY.get((name, column)) in named}
    assert set(model.grain) - named - told - {model.partition} == set()
