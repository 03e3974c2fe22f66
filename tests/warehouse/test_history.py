"""What is kept of former snapshots: learned from published files alone, and handed back to the next build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse import marts_factory as make
from warehouse import history, models
from warehouse.answer import answer, find_question
from warehouse.connection import marts_path, open_reader, open_warehouse, published_path
from warehouse.declared import DeclarationTrouble, mart_tables
from warehouse.published_macros import create_macros

NOON = make.utc("2026-11-20 12:00")
LATER = NOON + timedelta(hours=6)

Period = tuple[str, str, datetime, datetime | None]


@contextmanager
def written(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A file in place of the one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        yield connection


def show(
    home: Path,
    snapshot_id: str,
    at: datetime,
    periods: list[Period] = [],  # noqa: B006  never changed
    *,
    baseline: float | None = None,
    days: dict[str, float] | None = None,
) -> None:
    """Publish, by hand: periods in a city, one metric's baseline, and its value on each day that is kept."""
    with written(published_path(home)) as c:
        c.execute(
            "CREATE SCHEMA ops; CREATE TABLE ops.snapshot AS SELECT $1 AS snapshot_id, $2 AS snapshot_at",
            [snapshot_id, at],
        )
        c.execute(
            """CREATE TABLE dim_customer_history (customer_id VARCHAR, city VARCHAR, valid_from TIMESTAMP,
                 valid_to TIMESTAMP, is_current BOOLEAN)"""
        )
        for period in periods:
            c.execute("INSERT INTO dim_customer_history VALUES ($1, $2, $3, $4, $4 IS NULL)", list(period))
        c.execute("CREATE TABLE baseline (metric VARCHAR, measured_value DOUBLE)")
        if baseline is not None:
            c.execute("INSERT INTO baseline VALUES ('late_parcels', ?)", [baseline])
        c.execute("CREATE TABLE outcome_history (metric VARCHAR, as_of_date DATE, measured_value DOUBLE)")
        for day, value in (days or {}).items():
            c.execute("INSERT INTO outcome_history VALUES ('late_parcels', ?, ?)", [day, value])
        c.execute("CREATE TABLE outcome AS FROM outcome_history WHERE as_of_date = CAST($1 AS DATE)", [at])


def known(home: Path) -> list[Any]:
    with open_reader(home / "warehouse.duckdb") as c:
        return c.execute(
            "SELECT customer_id, city, valid_from, valid_to FROM history.dim_customer_history ORDER BY valid_from, 1"
        ).fetchall()


def remember(home: Path) -> bool:
    with open_warehouse(home) as c:
        return history.remember(c, published_path(home))


def ask(home: Path, sql: str) -> list[Any]:
    with open_reader(home / "warehouse.duckdb") as c:
        return c.execute(sql).fetchall()


def test_before_anything_is_published_there_is_no_history(tmp_path: Path) -> None:
    assert remember(tmp_path) is False
    assert known(tmp_path) == []


def test_a_published_snapshot_is_taken_in_once(tmp_path: Path) -> None:
    show(tmp_path, "s1", NOON, [("C1", "Lyon", NOON, None)])
    assert [remember(tmp_path), remember(tmp_path)] == [True, False]
    assert known(tmp_path) == [("C1", "Lyon", NOON, None)]


def test_a_period_ends_when_a_later_snapshot_says_so(tmp_path: Path) -> None:
    show(tmp_path, "s1", NOON, [("C1", "Lyon", NOON, None), ("C2", "Rome", NOON, None)])
    remember(tmp_path)
    later = [("C1", "Lyon", NOON, LATER), ("C2", "Rome", NOON, None), ("C1", "Nice", LATER, None)]
    show(tmp_path, "s2", LATER, later)
    assert remember(tmp_path)
    assert known(tmp_path) == later
    assert ask(tmp_path, "SELECT customer_id, is_current FROM history.dim_customer_history ORDER BY ALL") == [
        ("C1", False), ("C1", True), ("C2", True),
    ]  # fmt: skip


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    show(tmp_path, "s1", NOON, [("C1", "Lyon", NOON, None)])
    remember(tmp_path)
    with open_warehouse(tmp_path) as c:
        c.execute("UPDATE history.dim_customer_history SET region = 'untouched'")
    show(tmp_path, "s2", LATER, [("C1", "Lyon", NOON, None), ("C2", "Rome", LATER, None)])
    remember(tmp_path)
    regions = ask(tmp_path, "SELECT customer_id, region FROM history.dim_customer_history ORDER BY 1")
    assert regions == [("C1", "untouched"), ("C2", None)]


def test_of_two_snapshots_of_one_moment_the_later_stands_for_both(tmp_path: Path) -> None:
    show(tmp_path, "s1", NOON, [("C1", "Lyon", NOON, None)])
    remember(tmp_path)
    show(tmp_path, "s2", LATER, [("C1", "Lyon", NOON, LATER), ("C1", "Nice", LATER, None)])
    remember(tmp_path)
    corrected = [("C1", "Lyon", NOON, None), ("C2", "Rome", LATER, None)]
    show(tmp_path, "s3", LATER, corrected)
    remember(tmp_path)
    assert known(tmp_path) == corrected


def test_a_kill_while_it_is_taken_in_leaves_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show(tmp_path, "s1", NOON, [("C1", "Lyon", NOON, None)])
    remember(tmp_path)
    later = [("C1", "Lyon", NOON, LATER), ("C1", "Nice", LATER, None)]
    show(tmp_path, "s2", LATER, later, baseline=0.5)
    take_in = history._take_in

    def die_at_the_second_table(c: Any, readers: Any, table: Any, since: datetime) -> None:
        if table.name == "baseline":
            raise KeyboardInterrupt
        take_in(c, readers, table, since)

    monkeypatch.setattr(history, "_take_in", die_at_the_second_table)
    with pytest.raises(KeyboardInterrupt):
        remember(tmp_path)
    monkeypatch.undo()
    assert ask(tmp_path, "SELECT snapshot_id FROM history.remembered") == [("s1",)]
    assert remember(tmp_path)
    assert known(tmp_path) == later


def test_a_baseline_that_was_published_never_changes(tmp_path: Path) -> None:
    show(tmp_path, "s1", NOON, baseline=0.5)
    remember(tmp_path)
    show(tmp_path, "s2", LATER, baseline=0.9)
    remember(tmp_path)
    assert ask(tmp_path, "SELECT metric, measured_value FROM history.baseline") == [("late_parcels", 0.5)]


def test_the_last_build_of_a_day_stands_for_it_and_days_that_readers_lost_go(tmp_path: Path) -> None:
    show(tmp_path, "s1", NOON, days={"2026-11-10": 0.1, "2026-11-20": 0.2})
    remember(tmp_path)
    show(tmp_path, "s2", LATER, days={"2026-11-20": 0.3})
    remember(tmp_path)
    kept = "SELECT as_of_date, measured_value FROM history.outcome"
    assert ask(tmp_path, kept) == [(date(2026, 11, 20), 0.3)]


def test_a_file_of_before_there_was_history_tells_nothing(tmp_path: Path) -> None:
    with written(published_path(tmp_path)) as c:
        c.execute(
            "CREATE SCHEMA ops; CREATE TABLE ops.snapshot AS SELECT 's0' AS snapshot_id, $1 AS snapshot_at", [NOON]
        )
    assert remember(tmp_path)
    assert known(tmp_path) == []


def test_a_warehouse_that_was_made_anew_learns_the_whole_past_from_readers(tmp_path: Path) -> None:
    past = [("C1", "Lyon", NOON, LATER), ("C1", "Nice", LATER, None)]
    show(tmp_path, "s2", LATER, past, baseline=0.5, days={"2026-10-31": 0.1, "2026-11-20": 0.2})
    remember(tmp_path)
    assert known(tmp_path) == past
    assert ask(tmp_path, "SELECT count(*) FROM history.outcome") == [(2,)]


def test_eight_days_and_the_last_of_each_month_are_kept(tmp_path: Path) -> None:
    # Built each day from 28 September to 20 November, the last time with another figure than at noon.
    with open_warehouse(tmp_path) as c:
        history.ensure_schema(c)
        c.execute(
            """INSERT INTO history.outcome (metric, as_of_date, measured_value)
               SELECT 'late_parcels', CAST(day AS DATE), 0.1
               FROM generate_series(DATE '2026-09-28', DATE '2026-11-20', INTERVAL 1 DAY) AS days(day)"""
        )
    with written(marts_path(tmp_path)) as c:
        c.execute(
            "CREATE SCHEMA ops; CREATE TABLE ops.snapshot AS SELECT 's1' AS snapshot_id, $1 AS snapshot_at", [LATER]
        )
        for table in mart_tables():
            if table.of_days:
                columns = ", ".join(f"{one.name} {one.data_type}" for one in table.columns)
                c.execute(f"CREATE TABLE {table.qualified} ({columns})")
        c.execute("INSERT INTO outcome (metric, as_of_date, measured_value) VALUES ('late_parcels', '2026-11-20', 0.9)")
        history.write_days(c, tmp_path)
        kept = c.execute("SELECT as_of_date, measured_value FROM outcome_history ORDER BY 1").fetchall()
    earlier = [date(2026, 9, 30), date(2026, 10, 31), *(date(2026, 11, day) for day in range(13, 20))]
    assert kept == [*((day, 0.1) for day in earlier), (date(2026, 11, 20), 0.9)]


def test_a_history_by_no_column_of_its_own_is_no_declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "past").mkdir()
    (tmp_path / "past" / "past.yml").write_text(
        "models:\n  - name: value\n    description: One row.\n    config: {meta: {history: as_of_date}}\n    columns:\n"
        "      - {name: tier, data_type: VARCHAR, description: Tier., config: {meta: {pii: none}}}\n"
    )
    monkeypatch.setattr("warehouse.declared.MODELS", tmp_path)
    with pytest.raises(DeclarationTrouble, match=r"value has history 'as_of_date'"):
        mart_tables.__wrapped__()


def test_a_build_tells_who_a_customer_was_on_any_day_that_was_published(home: Path) -> None:
    """C4 moves after the first publication; C2 goes; what was built in between was not published."""
    published_path(home).write_bytes(marts_path(home).read_bytes())
    with open_warehouse(home) as c:
        history.remember(c, published_path(home))
        c.execute("UPDATE identity.golden_customers SET city = 'Bonn' WHERE customer_id = 'C4'")
        c.execute("DELETE FROM identity.golden_customers WHERE customer_id = 'C2'")
        c.execute("DELETE FROM identity.customer_crosswalk WHERE customer_id = 'C2'")
        c.execute("UPDATE identity.crosswalk_history SET valid_to = $1 WHERE customer_id = 'C2'", [LATER])
        make.snapshot(c, "s2", LATER)
    models.build(home)
    with open_warehouse(home) as c:
        assert history.remember(c, published_path(home)) is False
    with open_reader(marts_path(home)) as marts:
        periods = "SELECT customer_id, city, valid_from, valid_to FROM dim_customer_history ORDER BY 1, 3"
        assert marts.execute(periods).fetchall() == [
            ("C1", None, NOON, None), ("C2", None, NOON, LATER), ("C3", None, NOON, None),
            ("C4", None, NOON, LATER), ("C4", "Bonn", LATER, None),
        ]  # fmt: skip
        then = "SELECT customer_id, customer_id_now, city FROM customer_as_of({}) WHERE customer_id > 'C1' ORDER BY 1"
        assert marts.execute(then.format("TIMESTAMP '2026-11-20 11:59'")).fetchall() == []
        # 12 o'clock UTC is 13 o'clock in Paris.
        at_noon = marts.execute(then.format("TIMESTAMPTZ '2026-11-20 13:00+01'")).fetchall()
        assert at_noon == [("C2", None, None), ("C3", "C3", None), ("C4", "C4", None)]
        assert marts.execute(then.format("DATE '2026-11-21'")).fetchall() == [("C3", "C3", None), ("C4", "C4", "Bonn")]
        # One was frozen when the first snapshot was made, and stays as of then.
        assert marts.execute("SELECT DISTINCT frozen_at FROM baseline").fetchall() == [(NOON,)]
        repeat = "SELECT measured_value, basis_count FROM {} WHERE metric = 'repeat_business'"
        # In the half-year C1 bought on several days, C2 and C3 once each; then C2 is gone.
        assert marts.execute(repeat.format("baseline")).fetchall() == [(1 / 3, 3)]
        assert marts.execute(repeat.format("outcome")).fetchall() == [(0.5, 2)]
        days = "SELECT as_of_date, measured_value FROM outcome_history WHERE metric = 'repeat_business'"
        assert marts.execute(days).fetchall() == [(date(2026, 11, 20), 0.5)]
        moved = answer(marts, find_question("moved"), {}).rows
        assert moved == [("C4", LATER, None, "Bonn", None, None, None)]
        asked = "SELECT measured_value FROM outcome_as_of('{}') WHERE metric = 'repeat_business'"
        assert marts.execute(asked.format("2026-11-19")).fetchall() == []
        assert marts.execute(asked.format("2026-12-24")).fetchall() == [(0.5,)]


@pytest.mark.parametrize(("stem", "table"), [("value", "customer_value"), ("health", "customer_health")])
def test_how_a_customer_stood_on_a_day_is_told_by_the_last_kept_day_before_it(stem: str, table: str) -> None:
    with duckdb.connect() as c:
        c.execute(
            f"""CREATE SCHEMA identity;
                CREATE TABLE dim_customer AS FROM (VALUES ('C1'), ('C4')) AS of_today(customer_id);
                CREATE TABLE identity.customer_id_redirect AS
                  FROM (VALUES ('C2', 'C1')) AS merged(old_customer_id, current_customer_id);
                CREATE TABLE {table}_history AS FROM (VALUES
                  ('C1', DATE '2026-10-31', 10), ('C2', DATE '2026-10-31', 20), ('C3', DATE '2026-10-31', 30),
                  ('C1', DATE '2026-11-20', 40), ('C4', DATE '2026-11-20', 50))
                  AS kept(customer_id, as_of_date, figure)"""
        )
        create_macros(c, {"current_customer_id", f"{stem}_as_of"})

        def on(day: str) -> list[tuple[object, ...]]:
            columns = "customer_id, customer_id_now, as_of_date, figure"
            return c.execute(f"SELECT {columns} FROM {stem}_as_of('{day}') ORDER BY ALL").fetchall()

        october, november = date(2026, 10, 31), date(2026, 11, 20)
        # C2 was merged into C1 afterwards, and C3 is nobody of today.
        then = [("C1", "C1", october, 10), ("C2", "C1", october, 20), ("C3", None, october, 30)]
        assert on("2026-10-30") == []
        assert on("2026-10-31") == then
        assert on("2026-11-19") == then
        assert on("2026-11-20") == on("2027-01-01") == [("C1", "C1", november, 40), ("C4", "C4", november, 50)]
