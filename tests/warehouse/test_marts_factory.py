"""The hand-made warehouse of these tests has the columns that the pipeline's own tables have."""

import duckdb

from pipelines.column_rules import all_types
from pipelines.identity import tables
from tests.warehouse import marts_factory as make
from warehouse import staging

SHAPES = """SELECT schema_name || '.' || table_name, column_name, data_type FROM duckdb_columns()
            WHERE schema_name IN ('staging', 'identity', 'quarantine')"""


def test_every_column_of_the_hand_made_tables_is_one_of_the_real_ones() -> None:
    made, real = duckdb.connect(), duckdb.connect()
    make.create_schemas(made)
    staging.ensure_schema(real, all_types())
    tables.ensure_schema(real)
    assert set(made.execute(SHAPES).fetchall()) <= set(real.execute(SHAPES).fetchall())
