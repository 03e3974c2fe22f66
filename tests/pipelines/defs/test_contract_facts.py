"""What Dagster shows of a contract."""

from datetime import timedelta

import pytest

from pipelines.column_rules import column_rules
from pipelines.defs.contract_facts import asset_owner, entity_schema, freshness_policy
from tests.pipelines.defs.deployment_factory import deployment


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        ("team:shop", "team:shop"),
        ("ops@shop.example", "ops@shop.example"),
        ("ops@localhost", "team:ops@localhost"),
        ("ops@shop.technology", "team:ops@shop.technology"),
    ],
)
def test_an_owner_that_dagster_takes_for_no_address_is_a_team(owner, shown):
    assert asset_owner(owner) == shown


def test_the_policy_warns_after_the_promise_and_fails_after_the_grace(tmp_path):
    catalog = deployment(tmp_path).catalog
    with_grace = freshness_policy(catalog["shop.orders"])
    assert with_grace.warn_window.to_timedelta() == timedelta(hours=26)
    assert with_grace.fail_window.to_timedelta() == timedelta(hours=30)
    without = freshness_policy(catalog["shop.accounts"])
    assert without.warn_window is None
    assert without.fail_window.to_timedelta() == timedelta(days=8)


def test_the_columns_are_those_that_the_feed_fills_with_their_types_and_privacy(tmp_path):
    contract = deployment(tmp_path).catalog["shop.accounts"]
    schema = entity_schema(contract.canonical, [rule.name for rule in column_rules(contract)])
    columns = {column.name: column for column in schema.columns}
    assert set(columns) == {"account_id", "full_name", "email"}
    assert columns["email"].tags["pii"] == "contact"
    assert columns["email"].description
    assert not columns["account_id"].constraints.nullable
