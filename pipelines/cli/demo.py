"""`c360 demo`: the whole journey on the sample company, over two days."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import duckdb
import typer
from rich.markup import escape
from rich.rule import Rule

from connectors.catalog import load_catalog
from pipelines.cli.app import app, deployment_of, now_of, settings_of
from pipelines.cli.console import TROUBLE, err, out, status_text, table
from pipelines.cli.customer_brief import print_brief
from pipelines.cli.sample import DEFAULT_PORT, SMALLEST_COMPANY, write_connections
from pipelines.cli.sync import print_outcome, sync_with_progress
from pipelines.deployment import Deployment
from pipelines.settings import Home, load_settings
from warehouse.brief import customer_brief
from warehouse.connection import open_reader

if TYPE_CHECKING:
    from sample_company.server import Server

MORTGAGE_CUSTOMER = "mortgage-customer"
RULE_WIDTH = 100


@app.command("demo")
def demo_command(
    context: typer.Context,
    customers: Annotated[int, typer.Option(min=SMALLEST_COMPANY, help="Size of the company.")] = 1000,
) -> int:
    """Create a sample company, sync it over two days, and show what became of it. Safe to repeat."""
    from sample_company import company

    home, now = settings_of(context).home, now_of(context)
    is_new = not (home.sample / "state").exists()
    if is_new:
        with err.status("Creating the company ..."):
            start = (now - timedelta(days=1)).date()
            company.create(home.sample, customers=customers, seed=7, start=start)
    server = _served(home)
    server.start()
    try:
        deployment = _deployment(context, home, server.url)
        has_trouble = False
        if is_new:
            has_trouble = _sync_day(deployment, "Day 1: everything is new")
            with err.status("A day goes by ..."):
                company.advance(home.sample, until=now)
        title = "Day 2: a day's changes, late rows, corrections and deletes" if is_new else "Again: nothing is new"
        has_trouble |= _sync_day(deployment, title)
    finally:
        server.stop()
    _report(home, deployment)
    return TROUBLE if has_trouble else 0


def _served(home: Home) -> Server:
    """The services at the address that they had before, so that feeds find the source they know; else at a free one."""
    from sample_company.server import serve

    port = urlsplit(load_settings(home.root).environment.get("C360_HELPDESK_URL", "")).port or DEFAULT_PORT
    try:
        return serve(home.sample, port=port)
    except OSError:
        return serve(home.sample, port=0)


def _deployment(context: typer.Context, home: Home, services_url: str) -> Deployment:
    write_connections(home, services_url)
    environment = load_settings(home.root).environment
    return replace(deployment_of(context), environment=environment, catalog=load_catalog())


def _sync_day(deployment: Deployment, title: str) -> bool:
    _heading(title)
    outcome = sync_with_progress(deployment, list(deployment.catalog.values()), wants_refresh=True)
    print_outcome(outcome)
    return outcome.has_trouble


def _report(home: Home, deployment: Deployment) -> None:
    with open_reader(home.published) as connection:
        _held(connection)
        _people(connection, home)
        _freshness(connection)
        _one_customer(connection, home)
    _what_next(home, len(deployment.catalog))


def _heading(text: str) -> None:
    out.print(Rule(f"[bold]{text}[/bold]", align="left", style="dim"), width=RULE_WIDTH)


def _held(connection: duckdb.DuckDBPyConnection) -> None:
    _heading("Held in quarantine, and why")
    shown = table("feed", "#rows", "reason")
    rows = connection.execute(
        """SELECT feed, count(*) AS held, reason FROM (SELECT feed, unnest(reasons) AS reason FROM ops.quarantine
           WHERE status = 'held') GROUP BY ALL ORDER BY held DESC, feed, reason LIMIT 12"""
    ).fetchall()
    for feed, held, reason in rows:
        shown.add_row(feed, f"{held:,}", escape(reason))
    out.print(shown)


def _people(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    from sample_company import truth

    _heading("Who is who")
    connection.register("truth", truth.load(home.sample))
    # Pairs of records, so that one wrong merge of many records weighs as much as it harms.
    ((records, customers, people, found, claimed, true),) = connection.execute(
        """WITH judged AS (
               SELECT x.customer_id, t.person_id FROM identity.customer_crosswalk x
               JOIN truth t USING (source_system, entity, record_id)),
           together AS (SELECT count(*) AS n FROM judged GROUP BY customer_id, person_id),
           ours AS (SELECT count(*) AS n FROM judged GROUP BY customer_id),
           theirs AS (SELECT count(*) AS n FROM judged GROUP BY person_id)
           SELECT (SELECT count(*) FROM judged), (SELECT count(*) FROM ours), (SELECT count(*) FROM theirs),
                  (SELECT sum(n * (n - 1) / 2) FROM together), (SELECT sum(n * (n - 1) / 2) FROM ours),
                  (SELECT sum(n * (n - 1) / 2) FROM theirs)"""
    ).fetchall()
    connection.unregister("truth")
    out.print(
        f"{records:,} records turned out to be {customers:,} customers; in truth they are {people:,}. "
        f"Of the pairs we joined {found / claimed:.1%} are right; of the pairs to join we found {found / true:.1%}."
    )


def _freshness(connection: duckdb.DuckDBPyConnection) -> None:
    _heading("How current it is")
    counts = connection.execute(
        "SELECT status_now, count(*), string_agg(feed, ', ' ORDER BY feed) FROM ops.feed_status GROUP BY 1 ORDER BY 1"
    ).fetchall()
    for status, count, feeds in counts:
        out.print(f"{status_text(status)} {count}: {feeds}")


def _one_customer(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    from sample_company import truth

    _heading("One customer, before you call them")
    connection.register("truth", truth.load(home.sample))
    rows = connection.execute(
        """SELECT x.customer_id FROM identity.customer_crosswalk x JOIN truth t USING (source_system, entity, record_id)
           WHERE t.person_id = ? GROUP BY ALL ORDER BY count(*) DESC, 1 LIMIT 1""",
        [MORTGAGE_CUSTOMER],
    ).fetchall()
    connection.unregister("truth")
    for (customer_id,) in rows:
        print_brief(customer_brief(connection, customer_id))


def _what_next(home: Home, feeds: int) -> None:
    try:
        path = home.root.relative_to(home.root.cwd())
    except ValueError:
        path = home.root
    _heading("Try next")
    out.print(
        f"""  .venv/bin/c360 --home {path} status                     how current the {feeds} feeds are
  .venv/bin/c360 --home {path} alerts list                what is wrong now, whom it concerns and what to do
  .venv/bin/c360 --home {path} customer smith              look somebody up
  .venv/bin/c360 --home {path} quarantine list             rows that were kept out, and why
  .venv/bin/c360 --home {path} query "FROM customer_360 LIMIT 5"
  open {path}/customer_360.duckdb in any DuckDB client; open {path}/data_docs/index.html for the checks
  .venv/bin/c360 --home {path} sample serve               helpdesk and mailer, in another terminal before you sync
  C360_HOME={path} make dev                                the same in the Dagster UI""",
        markup=False,
    )
