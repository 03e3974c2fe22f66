"""PostgreSQL, a real server: types arrive exactly, windows miss nothing, errors name the cause and no secret."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa
import pytest

from connectors.delivery import FeedTrouble, Window
from connectors.source import open_source
from tests.connectors.source_factory import column, order_contract, read_one, rejects

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def run(postgres_url: str) -> Iterator[object]:
    """Runs statements in a schema that is made anew."""
    with driver.connect(postgres_url, autocommit=True) as connection, connection.cursor() as cursor:

        def execute(*statements: str) -> None:
            for statement in statements:
                cursor.execute(statement)

        execute("DROP SCHEMA IF EXISTS sales CASCADE", "CREATE SCHEMA sales")
        yield execute


def sql_contract(columns: dict[str, object], **changes: object):
    changes.setdefault("source", {})
    source = {"kind": "sql", "table": "sales.orders", **changes.pop("source")}  # type: ignore[dict-item]
    return order_contract(source, columns, **changes)


PLAIN = {"order_id": "id", "ordered_at": "at"}


def ids_read(url: str, folder: Path, window: Window, **changes: object) -> list[int]:
    changes.setdefault("cursor", {"column": "at"})
    columns = changes.pop("columns", PLAIN)
    return sorted(column(read_one(sql_contract(columns, **changes), url, folder, window)[0], "id"))  # type: ignore[arg-type]


def test_each_type_arrives_exactly_or_as_the_text_the_server_writes(run, postgres_url, tmp_path):
    run(
        "CREATE TYPE sales.mood AS ENUM ('good', 'bad')",
        """CREATE TABLE sales.orders (id bigint, at timestamptz, n numeric, u uuid, j jsonb, tags text[],
           mood sales.mood, f float8, ok boolean, born date, clock time, span interval, bytes bytea,
           "Mixed Case" money)""",
        """INSERT INTO sales.orders VALUES (9007199254740993, '2026-11-20 13:00+01', 12345678901234567890.10,
           'b1c7f0d2-0000-4000-8000-000000000001', '{"a": 1.10}', '{a,"b c"}', 'bad', 0.1, true, '1899-12-31',
           '10:30', '1 day', '\\x00ff', 12.5), (2, NULL, 'NaN', NULL, NULL, NULL, NULL, 'NaN', NULL, NULL, NULL,
           NULL, NULL, NULL)""",
    )
    names = ["n", "u", "j", "tags", "mood", "f", "ok", "born", "clock", "span", "bytes", "Mixed Case"]
    targets = ["street", "city", "region", "postal_code", "country", "status", "sales_channel", "currency"]
    targets += ["gross_amount", "discount_amount", "shipping_amount", "tax_amount"]
    table, _ = read_one(sql_contract({**PLAIN, **dict(zip(targets, names, strict=True))}), postgres_url, tmp_path)
    assert table.schema.field("at").type == pa.timestamp("us", "UTC")
    first, second = table.to_pylist()
    assert first == {
        "id": 9007199254740993,
        "at": NOON,
        "n": "12345678901234567890.10",
        "u": "b1c7f0d2-0000-4000-8000-000000000001",
        "j": '{"a": 1.10}',
        "tags": '{a,"b c"}',
        "mood": "bad",
        "f": 0.1,
        "ok": True,
        "born": date(1899, 12, 31),
        "clock": "10:30:00",
        "span": "1 day",
        "bytes": "\\x00ff",
        "Mixed Case": "$12.50",
    }
    assert second["n"] == "NaN"


def test_rows_with_infinite_times_are_rejected_not_bent(run, postgres_url, tmp_path):
    run(
        "CREATE TABLE sales.orders (id int, at timestamptz, until date)",
        "INSERT INTO sales.orders VALUES (1, 'infinity', NULL), (2, now(), '2026-01-01'), (3, now(), '-infinity')",
    )
    table, receipt = read_one(sql_contract({**PLAIN, "updated_at": "until"}), postgres_url, tmp_path)
    assert column(table, "id") == [2]
    assert [reason.split(",")[0] for _, _, reason in rejects(receipt)] == ["holds 'infinity'"] * 2


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz"])
def test_a_time_after_the_last_that_arrow_counts_is_rejected_not_turned_into_one_before_christ(
    run, postgres_url, tmp_path, kind
):
    run(
        f"CREATE TABLE sales.orders (id int, at {kind})",
        "INSERT INTO sales.orders VALUES (1, '294246-12-31'), (2, '294276-12-31'), (3, '4713-01-01 BC'), (4, NULL)",
    )
    table, receipt = read_one(sql_contract(PLAIN), postgres_url, tmp_path)
    assert column(table, "id") == [1, 3, 4]
    [(_, raw, reason)] = rejects(receipt)
    assert "'id': '2'" in raw
    assert reason.startswith("holds 'infinity', or a time after the year 294246")


def test_a_column_may_have_any_name_of_the_source(run, postgres_url, tmp_path):
    run(
        'CREATE TABLE sales.orders (id int, at date, "_is_infinite" text)',
        "INSERT INTO sales.orders VALUES (1, '2026-11-20', 'yes'), (2, 'infinity', 'no')",
    )
    table, receipt = read_one(sql_contract({**PLAIN, "street": "_is_infinite"}), postgres_url, tmp_path)
    assert table.to_pylist() == [{"id": 1, "at": date(2026, 11, 20), "_is_infinite": "yes"}]
    assert len(rejects(receipt)) == 1


def test_the_window_is_inclusive_and_rows_without_cursor_or_from_the_future_are_seen(run, postgres_url, tmp_path):
    run(
        "CREATE TABLE sales.orders (id int, at timestamptz)",
        """INSERT INTO sales.orders VALUES (1, '2026-11-20 11:59:59.999999Z'), (2, '2026-11-20 12:00Z'),
           (3, '2026-11-20 14:00+01'), (4, '2026-11-20 13:00:00.000001Z'), (5, NULL), (6, '2999-01-01Z')""",
    )
    window = Window(NOON, NOON.replace(hour=13), NOON.replace(hour=14))
    assert ids_read(postgres_url, tmp_path, window) == [2, 3, 5, 6]
    assert ids_read(postgres_url, tmp_path, Window()) == [1, 2, 3, 4, 5, 6]


def test_local_times_are_not_missed_when_clocks_go_back(run, postgres_url, tmp_path):
    """01:10 UTC on 25 October 2026 is 02:10 in Berlin, an hour that 00:45 UTC (02:45) seems to lie behind."""
    run(
        "CREATE TABLE sales.orders (id int, at timestamp)",
        "INSERT INTO sales.orders VALUES (1, '2026-10-25 02:10'), (2, '2026-10-24 12:00')",
    )
    columns = {"order_id": "id", "ordered_at": {"column": "at", "zone": "Europe/Berlin"}}
    window = Window(datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
    assert ids_read(postgres_url, tmp_path, window, columns=columns) == [1]


@pytest.mark.parametrize("kind", ["timestamp", "text", "date"])
def test_cursors_of_other_types_are_compared_as_moments(run, postgres_url, tmp_path, kind):
    run(
        f"CREATE TABLE sales.orders (id int, at {kind})",
        "INSERT INTO sales.orders VALUES (1, '2026-11-19'), (2, '2026-11-20 12:00'), (3, '2026-11-21')",
    )
    assert ids_read(postgres_url, tmp_path, Window(NOON)) == [2, 3]


@pytest.mark.parametrize("kind", ["bigint", "numeric", "float8", "text"])
def test_number_cursors_take_numbers_and_epochs_take_moments(run, postgres_url, tmp_path, kind):
    run(
        f"CREATE TABLE sales.orders (id int, at {kind})",
        "INSERT INTO sales.orders VALUES (1, '9'), (2, '10'), (3, '11'), (4, '1795176000'), (5, '1795175999')",
    )
    assert ids_read(postgres_url, tmp_path, Window(lower=10, upper=11), cursor={"column": "at", "type": "integer"}) == [
        2,
        3,
    ]
    assert ids_read(postgres_url, tmp_path, Window(lower=NOON), cursor={"column": "at", "type": "epoch"}) == [4]


def test_a_query_can_be_a_source_and_ends_with_or_without_semicolon(run, postgres_url, tmp_path):
    run("CREATE TABLE sales.orders (id int, at timestamptz)", "INSERT INTO sales.orders VALUES (1, now()), (2, now())")
    contract = order_contract({"kind": "sql", "query": "SELECT * FROM sales.orders WHERE id > 1;"}, PLAIN)
    assert column(read_one(contract, postgres_url, tmp_path)[0], "id") == [2]


def test_many_rows_stream_in_batches(run, postgres_url, tmp_path):
    run(
        """CREATE TABLE sales.orders AS
           SELECT g AS id, now() AS at, repeat('x', 50) AS note FROM generate_series(1, 300000) g"""
    )
    source = open_source(sql_contract({**PLAIN, "street": "note"}), {"SHOP": postgres_url})
    [delivery] = source.deliveries(Window(), is_landed=lambda _: False, raw_folder=lambda: tmp_path)
    sizes = [batch.num_rows for batch in delivery.reader]
    source.close()
    assert sum(sizes) == 300_000
    assert len(sizes) > 1


def test_a_failure_in_the_middle_of_the_rows_is_told_as_a_feed_trouble(run, postgres_url, tmp_path):
    run("CREATE TABLE sales.orders AS SELECT g AS id, now() AS at FROM generate_series(1, 300000) g")
    contract = order_contract({"kind": "sql", "query": "SELECT 1 / (id - 299999) AS id, at FROM sales.orders"}, PLAIN)
    with pytest.raises(FeedTrouble, match="division by zero") as caught:
        read_one(contract, postgres_url, tmp_path)
    assert caught.value.kind == "broken"


def test_a_missing_column_is_named_with_the_nearest_one(run, postgres_url, tmp_path):
    run("CREATE TABLE sales.orders (id int, att timestamptz)")
    with pytest.raises(FeedTrouble, match=r"'at' is not in table sales.orders \(it has: id, att; did you mean 'att'"):
        read_one(sql_contract(PLAIN), postgres_url, tmp_path)


def test_a_missing_table_is_a_matter_of_the_contract(run, postgres_url, tmp_path):
    with pytest.raises(FeedTrouble, match=r'relation "sales\.orders" does not exist') as caught:
        read_one(sql_contract(PLAIN), postgres_url, tmp_path)
    assert (caught.value.kind, caught.value.is_retryable) == ("contract", False)


def test_a_user_without_rights_is_denied(run, postgres_socket, postgres_url, tmp_path):
    run(
        "CREATE TABLE sales.orders (id int, at timestamptz)",
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN PASSWORD 'hunter2'",
        "GRANT USAGE ON SCHEMA sales TO reader",
    )
    with pytest.raises(FeedTrouble, match="permission denied for table orders") as caught:
        read_one(sql_contract(PLAIN), f"postgresql://reader:hunter2@/postgres?host={postgres_socket}", tmp_path)
    assert caught.value.kind == "denied"
    assert "hunter2" not in str(caught.value)


def test_a_wrong_password_is_denied_without_telling_it(run, postgres_socket, tmp_path):
    run("DROP ROLE IF EXISTS guarded", "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    rules = postgres_socket / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text("local all guarded scram-sha-256\n" + before)
    run("SELECT pg_reload_conf()")
    try:
        with pytest.raises(FeedTrouble, match="password authentication failed") as caught:
            read_one(sql_contract(PLAIN), f"postgresql://guarded:s3cr3t@/postgres?host={postgres_socket}", tmp_path)
    finally:
        rules.write_text(before)
        run("SELECT pg_reload_conf()")
    assert (caught.value.kind, caught.value.is_retryable) == ("denied", False)
    assert "s3cr3t" not in str(caught.value)


def test_an_unknown_role_is_denied_and_an_unknown_database_missing(run, postgres_socket, tmp_path):
    for url, kind in (
        (f"postgresql://nobody:pw@/postgres?host={postgres_socket}", "denied"),
        (f"postgresql://postgres@/nowhere?host={postgres_socket}", "missing"),
    ):
        with pytest.raises(FeedTrouble, match="does not exist") as caught:
            read_one(sql_contract(PLAIN), url, tmp_path)
        assert caught.value.kind == kind


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nohost.invalid:5432"])
def test_an_unreachable_server_is_tried_three_times(tmp_path, host):
    pauses: list[float] = []
    source = open_source(
        sql_contract(PLAIN), {"SHOP": f"postgresql://u:s3cr3t@{host}/db?connect_timeout=2"}, sleep=pauses.append
    )
    with pytest.raises(FeedTrouble) as caught:
        source.probe()
    assert (caught.value.kind, caught.value.is_retryable, len(pauses)) == ("unreachable", True, 2)
    assert 0.5 <= pauses[0] <= 0.75
    assert 1 <= pauses[1] <= 1.5
    assert "s3cr3t" not in str(caught.value)


def test_the_probe_asks_identity_clock_count_and_newest(run, postgres_url):
    run(
        "CREATE TABLE sales.orders (id int, at timestamptz)",
        "INSERT INTO sales.orders VALUES (1, '2026-11-20 13:00+01'), (2, NULL)",
    )
    source = open_source(sql_contract(PLAIN, cursor={"column": "at"}), {"SHOP": postgres_url})
    before = datetime.now(UTC)
    probe, again = source.probe(), source.probe()
    source.close()
    assert (probe.row_count, probe.newest) == (2, "2026-11-20T12:00:00.000000Z")
    assert (probe.lowest_key, probe.highest_key) == ("1", "2")
    assert probe.clock is not None
    assert abs((probe.clock - before).total_seconds()) < 5
    assert probe.identity == again.identity
    assert "/postgres oid " in probe.identity
    assert " system " in probe.identity
