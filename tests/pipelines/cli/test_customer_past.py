"""`c360 customer` for ids of the past and for records as of a moment, on a published file made by hand."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from pipelines.identity.erasure import erase
from pipelines.settings import Home
from tests.journey_factory import Said, c360
from tests.pipelines.identity.partition_factory import MACROS, Partition
from warehouse.published_macros import create_macros


class Story(NamedTuple):
    """A home, and the ids of four customers by the letter of their first record."""

    home: Home
    now: datetime
    a: str
    b: str
    z: str
    d: str

    def said(self, *arguments: str) -> Said:
        return c360(self.home, "customer", *arguments, now=self.now)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """b was merged into a on 4 March; z went on the 5th; d came on the 6th and was erased."""
    world, ids = Partition(), {}
    for groups in (("a", "z"), ("a", "b", "z"), ("ab", "z"), ("ab",), ("ab", "d")):
        world.run(*groups)
        ids |= {letter: customer_id for letter, customer_id in world.ids().items() if letter not in ids}
    erase(world.connection, [ids["d"]], now=world.now, run_id="erasure-1", actor="dana", reason="request 4711")
    home = Home(tmp_path)
    publish(world.connection, home)
    return Story(home, world.now, **ids)


def publish(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """The tables that the command reads, as a refresh would publish them."""
    connection.execute(f"ATTACH '{home.published}' AS published")
    connection.execute("CREATE SCHEMA published.identity")
    for table in ("customer_crosswalk", "crosswalk_history", "identity_event", "customer_id_redirect"):
        connection.execute(f"CREATE TABLE published.identity.{table} AS FROM identity.{table}")
    connection.execute(
        """CREATE TABLE published.dim_customer AS
           SELECT DISTINCT customer_id, 'Ann Lee' AS display_name FROM identity.customer_crosswalk"""
    )
    connection.execute(
        "CREATE TABLE published.customer_360 AS SELECT *, 'person' AS party_type FROM published.dim_customer"
    )
    connection.execute(
        """CREATE TABLE published.contact_point AS
           SELECT customer_id, 'email' AS contact_point_type, 'ann@lee.example' AS value FROM published.dim_customer"""
    )
    connection.execute(
        """CREATE TABLE published.interaction (customer_id VARCHAR, occurred_at TIMESTAMP, channel VARCHAR,
           direction VARCHAR, interaction_type VARCHAR, topic VARCHAR, summary VARCHAR, source_system VARCHAR,
           employee_id VARCHAR, interaction_id VARCHAR)"""
    )
    connection.execute("CREATE SCHEMA published.ops")
    connection.execute(
        """CREATE TABLE published.ops.feed_status (feed VARCHAR, status_now VARCHAR, data_age_seconds BIGINT,
           as_of TIMESTAMP)"""
    )
    connection.execute("CREATE TABLE published.ops.snapshot AS SELECT TIMESTAMP '2026-03-07' AS snapshot_at")
    connection.execute("DETACH published")
    with duckdb.connect(str(home.published)) as published:
        create_macros(published, MACROS)
        _create_brief(published)


def _create_brief(published: duckdb.DuckDBPyConnection) -> None:
    """A brief that knows the name alone: what it says of a customer is tested where the models are built."""
    published.execute(
        """CREATE MACRO brief_of_today(id, moment) AS TABLE
           SELECT 'who' AS section, 1 AS place, NULL::TIMESTAMP AS happened_at, display_name AS what, 'person' AS detail
           FROM dim_customer WHERE customer_id = id"""
    )
    published.execute("CREATE MACRO brief_now(id) AS TABLE FROM main.brief_of_today(id, NULL)")
    published.execute(
        "CREATE MACRO brief_moment(moment) AS TABLE SELECT TIMESTAMP '2026-03-07' AS as_of, false AS is_past"
    )


def test_an_id_that_was_merged_away_shows_the_customer_it_became_and_says_so(story: Story) -> None:
    told = story.said(story.b)
    assert told.code == 0
    first, second = told.out.splitlines()[:2]
    assert first == f"{story.b} was merged into {story.a} on 2026-03-04."
    assert second.startswith(f"Ann Lee  {story.a}")
    document = story.said(story.b, "--json").document
    assert (document["profile"]["customer_id"], document["former_id"]["current_id"]) == (story.a, story.a)
    assert story.said(story.a, "--json").document["former_id"] is None


def test_an_id_whose_records_are_gone_or_erased_says_when(story: Story) -> None:
    gone = story.said(story.z)
    assert (gone.code, gone.out) == (1, "")
    assert gone.err.strip() == f"{story.z} was retired on 2026-03-05: none of its records is left at its source."
    erased = story.said(story.d)
    assert (erased.code, erased.err.strip()) == (1, f"{story.d} was erased on 2026-03-06.")
    assert story.said(story.d, "--as-of", "2026-03-06T07:00").err == erased.err
    assert story.said(story.d, "--json").document["former_id"]["ended"] == "erased"


def records(said: Said) -> list[list[str]]:
    """Rows of the table: record, customer then, since when, customer now."""
    rows = [line.split() for line in said.out.splitlines() if line.startswith("shop/")]
    return [[record, then, f"{day} {time}", now] for record, then, day, time, now in rows]


def test_the_records_of_a_day_are_shown_with_what_they_were_called(story: Story) -> None:
    # The merge was at six in the morning, and a day is its beginning.
    assert records(story.said(story.b, "--as-of", "2026-03-04")) == [
        ["shop/accounts/b", story.b, "2026-03-03 06:00", story.a]
    ]
    assert records(story.said(story.a, "--as-of", "2026-03-04")) == [
        ["shop/accounts/a", story.a, "2026-03-02 06:00", story.a]
    ]
    after = story.said(story.b, "--as-of", "2026-03-04T06:00")
    assert f"{story.b} had no records. Those that it has, or had last, were called {story.a}." in after.out
    assert records(after) == [["shop/accounts/b", story.a, "2026-03-04 06:00", story.a]]
    assert records(story.said(story.z, "--as-of", "2026-03-04")) == [
        ["shop/accounts/z", story.z, "2026-03-02 06:00", "-"]
    ]


def test_a_customer_of_today_may_be_asked_about_by_any_name(story: Story) -> None:
    document = story.said("ann@lee.example", "--as-of", "2026-03-05", "--json").document
    assert document["ids"] == [story.a]
    assert [one["source_record_key"] for one in document["records"]] == ["shop/accounts/a", "shop/accounts/b"]


def test_before_anything_was_known_nothing_is_shown_and_what_is_no_day_is_refused(story: Story) -> None:
    told = story.said(story.a, "--as-of", "2026-03-01")
    assert (told.code, told.out.strip()) == (0, f"On 2026-03-01 00:00 UTC no record of {story.a} was known.")
    assert story.said(story.a, "--as-of", "last week").code == 2


def test_what_was_known_and_which_records_it_had_are_two_questions(story: Story) -> None:
    told = story.said(story.a, "--as-of", "2026-03-05", "--known-at", "2026-03-05")
    assert (told.code, told.out) == (2, "")
    assert "--as-of for the records that it had, --known-at for what was known of it" in told.err


def test_a_file_published_before_there_was_history_is_told_apart_from_no_history(story: Story) -> None:
    with duckdb.connect(str(story.home.published)) as published:
        published.execute("DROP MACRO TABLE crosswalk_as_of")
    told = story.said(story.a, "--as-of", "2026-03-05")
    assert (told.code, "crosswalk_as_of(moment)" in told.err, "c360 refresh" in told.err) == (1, True, True)
