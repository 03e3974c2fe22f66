"""Lineage of the marts, from hand-written models and from those that ship."""

from connectors.catalog import load_catalog
from pipelines.defs.lineage import mart_upstreams
from tests.pipelines.defs.deployment_factory import deployment
from warehouse.declared import mart_tables


def test_a_model_depends_on_what_its_sql_names(tmp_path):
    folder = tmp_path / "models" / "core"
    folder.mkdir(parents=True)
    (folder / "fct_order.sql").write_text("with o as ({{ identified('orders') }}) select * from o")
    (folder / "dim.sql").write_text("from {{ ref('fct_order') }} join {{ source('identity', 'golden_customers') }}")
    (folder / "parcels.sql").write_text("from {{ source('staging', 'shipments') }}")
    (folder / "mark.sql").write_text("from {{ source('warehouse_ops', 'feed_mark') }}")
    found = mart_upstreams(deployment(tmp_path).catalog.values(), tmp_path / "models")
    assert {name: sorted(key.to_user_string() for key in keys) for name, keys in found.items()} == {
        "fct_order": ["identity/customer_crosswalk", "staging/shop_orders"],
        "dim": ["identity/golden_customers", "marts/fct_order"],
        "parcels": [],
        "mark": ["staging/shop_accounts", "staging/shop_orders"],
    }


def test_every_published_table_has_an_upstream_and_none_that_does_not_exist():
    upstreams = mart_upstreams(load_catalog().values())
    tables = {table.name for table in mart_tables()}
    for name in tables - {"statement_rule"}:  # it is a file beside the models, and no feed brings it
        assert upstreams[name], f"{name}: no reference of its SQL was recognised; extend pipelines/defs/lineage.py"
        assert {key.path[1] for key in upstreams[name] if key.path[0] == "marts"} <= tables
