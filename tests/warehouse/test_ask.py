"""Questions with names: each explains itself and runs on both files, and an answer says what it rests on."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from pipelines.settings import Home
from tests.journey_factory import Said, c360
from tests.warehouse.marts_factory import utc
from warehouse.answer import Answer, answer, find_question
from warehouse.connection import marts_path
from warehouse.masking import write_masked
from warehouse.questions import QuestionTrouble, questions
from warehouse.sql_reading import columns_read, tables_read

NOW = datetime.fromisoformat("2026-11-20T13:00:00+00:00")


@pytest.fixture(scope="module")
def published(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which the hand-made company is published, in full and masked."""
    home = Home(tmp_path_factory.mktemp("asked"))
    shutil.copy(marts_path(built_home), home.published)
    write_masked(home.root, "a key", home.published)
    return home


def asked(home: Home, name: str, **given: str) -> Answer:
    with duckdb.connect(str(home.published), read_only=True) as connection:
        return answer(connection, find_question(name), given)


@pytest.mark.parametrize("name", questions())
def test_a_question_is_one_statement_that_reads_what_its_head_says(name: str) -> None:
    question = questions()[name]
    [statement] = sqlglot.parse(question.sql, dialect="duckdb")
    assert isinstance(statement, sqlglot.exp.Select)
    assert tables_read(question.sql) == set(question.tables)
    assert {one.name for one in statement.find_all(sqlglot.exp.Placeholder)} == {p.name for p in question.parameters}
    assert question.question.endswith(("?", "."))
    assert question.example.startswith(f"c360 ask {name}")
    assert all(parameter.meaning for parameter in question.parameters)
    assert columns_read(question.sql)


@pytest.mark.parametrize("name", questions())
def test_a_question_is_answered_by_the_full_and_by_the_masked_file(published: Home, name: str) -> None:
    counts = []
    for file in (published.published, published.masked):
        with duckdb.connect(str(file), read_only=True) as connection:
            counts.append(len(answer(connection, questions()[name], {}).rows))
    assert counts[0] == counts[1]


Rows = list[tuple[Any, ...]]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        # The cancelled order of the 9th is none; C3's has no channel.
        ("orders_by_month", {}, [
            (utc("2026-11-01").date(), "web", "EUR", 3, 2, Decimal("145.00")),
            (utc("2026-11-01").date(), None, "EUR", 1, 1, Decimal("7.00")),
            (utc("2026-10-01").date(), "store", "USD", 1, 1, Decimal("500.00")),
        ]),
        ("orders_by_month", {"months": "0"}, []),
        ("returned_payments", {}, [
            (utc("2026-11-04"), "C1", "check", "check-1042", Decimal("90.00"), "EUR", None, None),
        ]),
        # From 4 May to noon of 20 November: 200 days and a half.
        ("unanswered_tickets", {"hours": "4812"}, [
            ("t1", "C1", "urgent", "implementation", "email", utc("2026-05-04"), 4812, None),
        ]),
        ("unanswered_tickets", {"hours": "4813"}, []),
        # One of two parcels came a day late, one is not due yet; the third has no promise.
        ("carriers", {}, [("Fleet", 2, 1, 0.5, 0, 0)]),
        # Both openings and clicks in the first hour are a machine's, one click of the next day a person's.
        # Who has two orders in euro is the best of four, and no cost of goods is known to speak against it.
        ("campaign_response", {}, [("spring", None, "A", 1, 0, 1, 1.0, 0, 2)]),
        ("who_they_talk_to", {}, [("C1", "B", "Bea", "service", 1, utc("2026-11-01 10:00"))]),
        ("biggest_customers", {"most": "1"}, [
            ("EUR", 1, "C1", "Ann Early", 2, Decimal("105.00"), utc("2026-11-08")),
            ("USD", 1, "C1", "Ann Early", 1, Decimal("500.00"), utc("2026-10-01")),
        ]),
        # The superseded row is held no more; of the two that are, one is of a known order.
        ("quarantined_by_rule", {}, [
            ("shop.orders", "orders.gross_amount.positive", "gross_amount: 'Lea Held' is no number", 2, 1, None),
        ]),
        # C7 was merged into C4 on the first of October.
        ("id_then", {"moment": "2026-09-15"}, [("shop/accounts/4", "C7", "C4", utc("2026-09-01"))]),
        ("why_one_customer", {"customer": "C7"}, [
            ("C4", "shop/accounts/4", "auto", None, None, "merge", "C7", None, None, utc("2026-10-01 06:00")),
        ]),
        ("parcels_owed", {}, []),
        ("texts_with_words", {"words": "SIGHT no"}, [
            (utc("2026-05-05"), "C1", "email", "inbound", "comment", "No end in sight", None,
             "helpdesk/interactions/c1"),
        ]),
        ("texts_with_words", {"words": "sight", "days": "190"}, []),
    ],
)  # fmt: skip
def test_answers_are_what_the_company_did(published: Home, name: str, given: dict[str, str], expected: Rows) -> None:
    assert asked(published, name, **given).rows == expected


def test_a_timeline_is_of_one_customer_and_of_the_days_asked_for(published: Home) -> None:
    said = asked(published, "timeline", customer="C1", days="11")
    place = said.columns.index("interaction_type")
    # From noon of the 9th on: an internal note, and before it a parcel that left on the 10th.
    assert [row[place] for row in said.rows] == ["comment", "parcel_shipped"]


def test_a_source_that_no_feed_serves_is_named_with_the_answer(published: Home) -> None:
    said = asked(published, "returned_payments")
    assert said.absent == ["No feed serves payments, so this answer is without payments."]
    assert [(source.feed, source.kind) for source in said.sources] == [("shop.orders", "orders")]


def test_a_feed_that_never_delivered_is_no_source_while_another_of_its_kind_is(published: Home) -> None:
    said = asked(published, "who_they_talk_to")
    assert {source.feed: source.status for source in said.sources}["frontdesk.notes"] == "NEVER"
    assert said.absent == ["No feed serves employees, so this answer is without names and teams."]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["timelime"], "timelime: there is no such question. Did you mean timeline?"),
        (["coverage", "--param", "days=3"], "coverage: there is no parameter days; it takes none."),
        (["carriers", "--param", "day=3"], "carriers: there is no parameter day; it takes days."),
        (["carriers", "--param", "days=soon"], "parameter days: 'soon' is no INTEGER. It is to be the days after the"),
        (["carriers", "--param", "days"], "--param days: it has no value. Write it as NAME=VALUE."),
    ],
)
def test_a_question_that_cannot_be_asked_says_why(published: Home, arguments: list[str], told: str) -> None:
    said = c360(published, "ask", *arguments, now=NOW)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(told)


def test_before_anything_is_published_the_next_step_is_named(tmp_path: Path) -> None:
    said = c360(Home(tmp_path), "ask", "coverage", now=NOW)
    assert said.code == 1
    assert "nothing is published yet. Check --home or C360_HOME, or run c360 sync first." in said.err


def test_a_file_of_a_version_without_the_table_is_not_taken_for_an_empty_answer(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with duckdb.connect(str(home.published)) as connection:
        connection.execute("CREATE SCHEMA ops; CREATE TABLE ops.snapshot AS SELECT 's' snapshot_id, now() snapshot_at")
        connection.execute("CREATE TABLE ops.feed_status AS SELECT 'f' feed, 'orders' entity, '' status_now, "
                           "now() as_of, 1 data_age_seconds, 0 held_rows, true is_complete")  # fmt: skip
    said = c360(home, "ask", "coverage", "--full", now=NOW)
    assert said.code == 1
    assert "Run c360 refresh first." in said.err


def test_names_are_masked_unless_asked_for_in_full(published: Home) -> None:
    def names(said: Said) -> set[str]:
        assert said.code == 0
        return {row["display_name"] for row in said.document["rows"]}

    assert names(c360(published, "ask", "biggest_customers", "--json", "--full", now=NOW)) >= {"Ann Early"}
    assert not names(c360(published, "ask", "biggest_customers", "--json", now=NOW)) & {"Ann Early", "Gus Guest"}


def test_an_answer_of_which_not_all_is_shown_says_so(published: Home) -> None:
    # Three customers bought in euro, one of them in dollars too.
    for limit, shown, is_all in ((1, 1, False), (4, 4, True), (0, 4, True)):
        said = c360(published, "ask", "biggest_customers", "--json", "--limit", str(limit), now=NOW).document
        assert (len(said["rows"]), said["is_all"]) == (shown, is_all)
    assert "The first 1 rows are shown" in c360(published, "ask", "biggest_customers", "--limit", "1", now=NOW).out


def test_what_the_masked_file_leaves_out_of_an_answer_is_named(published: Home) -> None:
    # Of an address the postal code's beginning and the region are left; ids differ as much as before.
    of_addresses = [f"main.dim_customer_history.{column}" for column in ("city", "postal_code", "street")]
    assert c360(published, "ask", "moved", "--json", now=NOW).document["blurred_by_masking"] == of_addresses
    assert c360(published, "ask", "moved", "--json", "--full", now=NOW).document["blurred_by_masking"] == []
    assert "--full has all" in c360(published, "ask", "moved", now=NOW).out
    assert "--full has all" not in c360(published, "ask", "coverage", now=NOW).out


def test_an_answer_says_what_its_parameters_mean_and_which_values_it_was_given(published: Home) -> None:
    said = c360(published, "ask", "timeline", "--param", "days=11", now=NOW)
    assert "--param days=11  days before the snapshot" in said.out
    assert "--param customer=…  any id that the customer ever had" in said.out


def test_an_answer_says_how_old_it_is(published: Home) -> None:
    said = c360(published, "ask", "carriers", now=NOW)
    assert "How punctual is each carrier" in said.out
    assert "Snapshot s1 of 2026-11-20 12:00 UTC." in said.out
    assert "carrier.parcels: data of 2026-11-19 00:00" in said.out


def test_questions_are_listed_by_name(published: Home) -> None:
    said = c360(published, "ask", "--json", now=NOW)
    assert [one["name"] for one in said.document] == sorted(questions())


def test_a_tier_that_changed_is_told_with_both_causes() -> None:
    days = [
        ("C1", "2026-10-31", "B", "revenue_12m"), ("C1", "2026-11-19", "A", "influence_value"),
        ("C1", "2026-11-20", "A", "influence_value"), ("C2", "2026-06-30", "A", "revenue_12m"),
        ("C2", "2026-07-31", "D", "revenue_12m"), ("C3", "2026-11-20", "D", "revenue_12m"),
    ]  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute(
            """CREATE TABLE customer_value_history
                   (customer_id VARCHAR, as_of_date DATE, value_tier VARCHAR, tier_cause VARCHAR);
               CREATE SCHEMA ops;
               CREATE TABLE ops.snapshot AS SELECT TIMESTAMP '2026-11-20 12:00' AS snapshot_at"""
        )
        connection.executemany("INSERT INTO customer_value_history VALUES (?, ?, ?, ?)", days)
        changed = connection.execute(questions()["changed_tiers"].sql, {"days": 90}).fetchall()
    # That of C2 was in July, C3 is new.
    assert [(*row[:5], str(row[6])) for row in changed] == [
        ("C1", "B", "A", "revenue_12m", "influence_value", "2026-11-19")
    ]


def test_the_guide_names_every_question_once() -> None:
    guide = Path(__file__).parents[2] / "docs" / "guides" / "analyst.md"
    _, _, table = guide.read_text().partition("| To learn about | ask |")
    assert sorted(re.findall(r"`(\w+)`", table.partition("\n\n")[0])) == sorted(questions())


ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "runbook.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]


def statements_of_pages() -> set[str]:
    """The SQL that people are told to run on what is published: in `c360 query`, and in the guide for analysts."""
    text = "\n".join(page.read_text() for page in PAGES)
    guide = (ROOT / "docs" / "guides" / "analyst.md").read_text()
    blocks = re.findall(r"^```sql\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    return {*re.findall(r'c360 (?:--home \S+ )?query "([^"]+)"', text), *blocks}


@pytest.mark.parametrize("sql", sorted(statements_of_pages()))
def test_the_sql_of_the_pages_can_be_run_on_either_file(published: Home, sql: str) -> None:
    for file in (published.published, published.masked):
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute(sql)


def test_the_questions_that_pages_ask_are_there_with_their_parameters() -> None:
    asked = re.findall(r"c360 ask (\w+)(?: --param (\w+)=)?", "\n".join(page.read_text() for page in PAGES))
    assert len(asked) >= 5
    for name, parameter in asked:
        assert not parameter or parameter in {one.name for one in questions()[name].parameters}


def test_rows_of_more_columns_than_fit_are_shown_one_below_the_other(published: Home) -> None:
    said = c360(published, "query", "SELECT * FROM customer_360 ORDER BY display_name LIMIT 2", "--full", now=NOW)
    assert re.findall(r"^(\d of \d) ─", said.out, re.MULTILINE) == ["1 of 2", "2 of 2"]
    names = re.findall(r"^display_name +(.+)$", said.out, re.MULTILINE)
    assert names == asked_names(published, 2)


def asked_names(home: Home, most: int) -> list[str]:
    with duckdb.connect(str(home.published), read_only=True) as connection:
        sql = "SELECT display_name FROM customer_360 ORDER BY display_name LIMIT ?"
        return [name for (name,) in connection.execute(sql, [most]).fetchall()]


def test_what_is_asked_is_noted_without_values(published: Home) -> None:
    c360(published, "query", "SELECT status FROM fct_order WHERE order_id = 'secret-77'", now=NOW)
    c360(published, "ask", "id_then", "--param", "moment=2026-09-15", now=NOW)
    text = (published.usage / "2026-11-20.jsonl").read_text()
    assert '"columns": ["main.fct_order.order_id", "main.fct_order.status"]' in text
    assert "identity.crosswalk_history.valid_to" in text  # by its macro
    assert "secret-77" not in text
    assert "09-15" not in text


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("-- question: Why?\n-- tables: []\nSELECT 1", "odd.sql: its head has no parameters, sources, example"),
        ("-- question: [\nSELECT 1", "odd.sql: its head is no YAML"),
        ("-- question: Why?\n-- parameters: {x: {type: DATE}}\n-- tables: []\n-- sources: {}\n-- example: x\nSELECT $x",
         "odd.sql: parameter x has no default, meaning"),
        (("-- question: Why?\n-- parameters: {x: {type: DATE, default: null, meaning: a day, or none}}\n-- tables: []\n"
         "-- sources: {}\n-- example: x\nSELECT $x"),
         "odd.sql: parameter x has 'or none'"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_explain_itself_is_no_question(tmp_path: Path, head: str, told: str) -> None:
    (tmp_path / "odd.sql").write_text(head)
    with pytest.raises(QuestionTrouble, match="odd") as raised:
        questions.__wrapped__(tmp_path)
    assert str(raised.value).startswith(told)
