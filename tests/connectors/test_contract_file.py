"""A contract is right, or every mistake in it is told with its line."""

import re
from pathlib import Path

import pytest
import yaml

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from connectors.contract_file import ContractError, load_contract

RIGHT = """\
feed: shop.orders
description: Orders of the shop.
grain: One row per order.
owner: team:shop
schedule: "*/15 * * * *"
freshness: {promise: 26h}
source:
  kind: sql
  connection: SHOP_URL
  table: orders
cursor: {column: changed, overlap: 30m}
columns:
  order_id: id
  ordered_at: {column: created, format: "%d/%m/%Y"}
  customer_name: {sql: "first || ' ' || upper(last)"}
"""


def write(folder: Path, text: str, system: str = "shop", name: str = "orders") -> Path:
    (folder / system).mkdir(exist_ok=True)
    path = folder / system / f"{name}.yml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    return [(problem.line, problem.key, problem.fact) for problem in caught.value.problems]


def test_a_right_contract_knows_every_source_column_it_reads(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, RIGHT))
    assert contract.entity == "orders"
    assert contract.delivery == "incremental"
    assert set(contract.source_columns()) == {"id", "created", "changed", "first", "last"}


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    text = RIGHT.replace("owner: team:shop", "owner: nobody").replace('"*/15 * * * *"', '"every day"')
    text = text.replace("promise: 26h", "promise: soon").replace("  table: orders", "  tabel: orders")
    found = problems_of(write(tmp_path, text))
    assert [(line, key) for line, key, _ in found] == [
        (4, "owner"),
        (5, "schedule"),
        (6, "freshness.promise"),
        (10, "source.tabel"),
    ]
    assert "'soon' is not a duration" in found[2][2]


def test_a_misspelt_column_is_told_with_the_name_that_was_meant(tmp_path: Path) -> None:
    ((line, key, fact),) = problems_of(write(tmp_path, RIGHT.replace("  ordered_at:", "  orderd_at:")))
    assert (line, key) == (12, "columns")
    assert "Did you mean 'ordered_at'?" in fact
    assert "ordered_at: required by entity 'orders' but not mapped" in fact


def test_a_broken_expression_is_told_where_it_stands(tmp_path: Path) -> None:
    ((line, key, fact),) = problems_of(write(tmp_path, RIGHT.replace("upper(last)", "upper(last")))
    assert (line, key) == (15, "columns.customer_name")
    assert "is not a DuckDB expression" in fact


@pytest.mark.parametrize(
    ("expression", "fact"),
    [
        ("First || first", "'First' and 'first' differ in case alone"),
        ("_row_number", "landed tables have a column '_row_number' of their own"),
        ("_ROW_HASH", "landed tables have a column '_ROW_HASH' of their own"),
    ],
)
def test_names_that_a_landed_table_cannot_tell_apart_are_told(tmp_path: Path, expression: str, fact: str) -> None:
    ((_, _, found),) = problems_of(write(tmp_path, RIGHT.replace("first || ' ' || upper(last)", expression)))
    assert fact in found


@pytest.mark.parametrize(
    ("pattern", "fact"), [("%d.%m.%Q", "'%d.%m.%Q' is not a format"), ("%d/%m %H:%M", "'%d/%m %H:%M' has no year")]
)
def test_a_format_that_cannot_tell_a_day_is_told_where_it_stands(tmp_path: Path, pattern: str, fact: str) -> None:
    ((line, key, found),) = problems_of(write(tmp_path, RIGHT.replace("%d/%m/%Y", pattern)))
    assert (line, key) == (14, "columns.ordered_at")
    assert fact in found


@pytest.mark.parametrize("path", ["$..email", "$.tags[*].name", "$.tags[", "$."])
def test_a_json_path_that_leads_to_no_one_value_is_told_where_it_stands(tmp_path: Path, path: str) -> None:
    text = RIGHT.replace("  order_id: id", f"  order_id: id\n  email: {{json: '{path}'}}")
    ((line, key, found),) = problems_of(write(tmp_path, text))
    assert (line, key) == (14, "columns.email")
    assert f"'{path}' is not a JSON path to one value" in found


def test_an_expression_may_not_read_other_tables(tmp_path: Path) -> None:
    text = RIGHT.replace("first || ' ' || upper(last)", "(SELECT max(x) FROM secrets)")
    ((_, _, fact),) = problems_of(write(tmp_path, text))
    assert "without FROM or subqueries" in fact


def test_a_file_that_is_no_yaml_is_told_with_the_line_of_the_fault(tmp_path: Path) -> None:
    ((line, key, fact),) = problems_of(write(tmp_path, "feed: shop.orders\ncolumns: {a: [}\n"))
    assert (line, key) == (2, "file")
    assert "is not YAML" in fact


def test_a_contract_in_the_wrong_place_is_told_where_it_belongs(tmp_path: Path) -> None:
    ((line, _, fact),) = problems_of(write(tmp_path, RIGHT, name="sales"))
    assert line == 1
    assert "shop/orders.yml" in fact


def test_an_unknown_entity_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    text = RIGHT.replace("feed: shop.orders", "feed: shop.orders\nentity: order")
    assert any("Did you mean 'orders'?" in fact for _, _, fact in problems_of(write(tmp_path, text)))


def test_lambda_parameters_are_no_source_columns(tmp_path: Path) -> None:
    text = RIGHT.replace(
        "first || ' ' || upper(last)", "array_to_string(list_transform(tags, lambda t: upper(t)), ',')"
    )
    assert "t" not in load_contract(write(tmp_path, text)).source_columns()


def test_json_paths_land_under_their_own_name() -> None:
    contract = FeedContract.model_validate(
        {
            "feed": "desk.tickets",
            "description": "Tickets.",
            "grain": "One row per ticket.",
            "owner": "desk@example.com",
            "schedule": "0 * * * *",
            "freshness": {"promise": "1h"},
            "source": {"kind": "rest", "connection": "DESK_URL", "path": "/tickets"},
            "columns": {"ticket_id": "id", "status": "state", "email": {"json": "$.requester.email"}},
        }
    )
    assert contract.source_columns() == {"id": None, "state": None, "requester.email": "$.requester.email"}


def test_mistakes_of_several_files_are_told_together(tmp_path: Path) -> None:
    write(tmp_path, RIGHT.replace("team:shop", "nobody"))
    write(tmp_path, RIGHT.replace("shop.orders", "shop.accounts"), name="accounts")
    with pytest.raises(ContractError) as caught:
        load_catalog([tmp_path])
    assert {problem.file.name for problem in caught.value.problems} == {"orders.yml", "accounts.yml"}


LINES = (
    RIGHT.partition("cursor:")[0].replace("shop.orders", "shop.order_lines")
    + """\
watch:
  parents: {order_id: shop.orders}
  followed_when: {CONDITION}
columns:
  order_id: order_id
  line_number: number
"""
)


def test_a_condition_on_parents_reads_their_columns_and_is_of_a_column_that_names_them(tmp_path: Path) -> None:
    write(tmp_path, RIGHT)
    write(tmp_path, LINES.replace("CONDITION", "order_id: status = 'shipped'"), name="order_lines")
    assert load_catalog([tmp_path])["shop.order_lines"].watch.followed_when == {"order_id": "status = 'shipped'"}
    write(tmp_path, LINES.replace("CONDITION", "order_id: state = 'shipped'"), name="order_lines")
    with pytest.raises(ContractError, match=r"followed_when.order_id: state is no column of entity orders"):
        load_catalog([tmp_path])
    path = write(tmp_path, LINES.replace("CONDITION", "line_number: status = 'shipped'"), name="order_lines")
    assert "followed_when names line_number, which watch.parents does not" in problems_of(path)[0][2]


def test_a_folder_without_contracts_is_an_error_and_not_an_empty_catalog(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="holds no contract"):
        load_catalog([tmp_path])


def test_the_shipped_contracts_are_right() -> None:
    assert "shop.orders" in load_catalog()


def pieces_of_the_guide() -> list[str]:
    """The YAML of the guide for new sources: a whole contract first, then parts of others, one a `source`."""
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "add-a-source.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    return [piece for block in blocks for piece in re.split(r"^(?=source:)", block, flags=re.MULTILINE) if piece]


CONTRACT, *PIECES = ["".join(pieces_of_the_guide()[:2]), *pieces_of_the_guide()[2:]]
# What a piece of the guide leaves out.
LEFT_OUT = {
    "webshop.orders": {},
    "postroom.interactions": {"interaction_id": "id", "channel": {"value": "post"}, "occurred_at": "at"},
    "desk.tickets": {"ticket_id": "id", "account_id": "who", "opened_at": "at", "status": "state", "channel": "by"},
}


def test_the_contract_of_the_guide_is_right_as_it_stands(tmp_path: Path) -> None:
    assert load_contract(write(tmp_path, CONTRACT, system="webshop")).feed == "webshop.orders"


@pytest.mark.parametrize("piece", PIECES)
def test_each_piece_of_the_guide_is_part_of_a_right_contract(piece: str) -> None:
    part = yaml.safe_load(piece)
    feed = "desk.tickets" if "watch" in part else "postroom.interactions" if "columns" in part else "webshop.orders"
    if "watch" in part:
        part["source"] = {"kind": "rest", "connection": "DESK_URL", "path": "/tickets", **part["source"]}
    columns = {**LEFT_OUT[feed], **part.pop("columns", {})} or yaml.safe_load(CONTRACT)["columns"]
    FeedContract.model_validate({**yaml.safe_load(CONTRACT), **part, "feed": feed, "columns": columns})


def test_a_contract_that_changes_has_another_version(tmp_path: Path) -> None:
    one = load_contract(write(tmp_path, RIGHT)).version
    other = load_contract(write(tmp_path, RIGHT.replace("26h", "27h"))).version
    assert one != other
