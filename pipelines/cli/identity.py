"""`c360 identity`: whether identity resolution does as well as it did, and which customers to look at."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from pipelines.cli.app import JsonOption, app, settings_of
from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json, status_text, table, when
from pipelines.identity import full_match
from pipelines.identity.cluster_statistics import record
from pipelines.identity.cluster_statistics.declared import Statistic, statistics
from pipelines.identity.fingerprints import rules_fingerprint
from pipelines.identity.full_match import HeldBack, told
from pipelines.trouble import NothingThere, Trouble
from warehouse.connection import WarehouseAbsent, open_reader

ALARMS = ("WARN", "FAIL")


@app.command("identity")
def identity_command(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[STATISTIC]", help="List the customers whom this statistic counts.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Customers listed at most.")] = 20,
    as_json: JsonOption = False,
) -> int:
    """Show what all customers together tell of identity resolution. Exit code 1 when anything is WARN or FAIL."""
    declared = {statistic.name: statistic for statistic in statistics()}
    if name is not None and name not in declared:
        err.print(f"[red]There is no statistic {escape(name)}.[/red] There are: {', '.join(declared)}.")
        raise typer.Exit(WRONG_USE)
    path = settings_of(context).home.warehouse
    try:
        with open_reader(path) as connection:
            judged = record.latest(connection)
            held = full_match.held_back(connection, rules_fingerprint())
            customers = record.behind(connection, declared[name], limit) if name and judged else []
    except WarehouseAbsent:
        raise NothingThere(path, "there is no warehouse yet") from None
    if not judged:
        raise Trouble(str(path), "no run has kept statistics yet", "Run c360 refresh first.")
    if name is not None:
        return _show_customers(declared[name], customers, as_json)
    if as_json:
        document = [asdict(one) | {"meaning": declared[one.statistic].meaning} for one in judged]
        print_json(document + ([_held_back_as_json(held)] if held else []))
    else:
        _show(judged, declared)
        if held:
            _show_held_back(held)
    return TROUBLE if held or any(one.status in ALARMS for one in judged) else 0


def _show(judged: list[record.Judged], declared: dict[str, Statistic]) -> None:
    shown = table("statistic", "status", "#value", "expected", "#former", "#of", "", "note")
    for one in judged:
        statistic = declared[one.statistic]
        shown.add_row(
            one.statistic,
            status_text(one.status),
            statistic.shown(one.value),
            statistic.expected,
            statistic.shown(one.former_value),
            f"{one.base:,}",
            statistic.base_of,
            escape(one.note),
        )
    out.print(shown)
    for one in judged:
        if one.status in ALARMS:
            statistic = declared[one.statistic]
            out.print(f"{status_text(one.status)}  {statistic.meaning} See '{statistic.alert}' in docs/runbook.md.")
    out.print(f"[dim]As of the run of {when(judged[0].resolved_at)} UTC.[/dim]")


def _show_held_back(held: HeldBack) -> None:
    out.print(
        f"{status_text(held.status)}  A re-match was held back at {when(held.weighed_at)} UTC: it would affect "
        f"{told(held.churn)}. {held.meanwhile} Look: c360 rematch. See 'Re-match held back' in docs/runbook.md."
    )


def _held_back_as_json(held: HeldBack) -> dict[str, Any]:
    return {
        "statistic": "rematch_held_back",
        "status": held.status,
        "value": held.churn.share,
        "base": held.churn.customers_before,
        "meaning": "Share of customers that matching all records anew would affect.",
        "note": held.meanwhile,
        **asdict(held),
    }


def _show_customers(statistic: Statistic, customers: list[tuple[str, str]], as_json: bool) -> int:
    if as_json:
        print_json([{"customer_id": customer_id, "display_name": name} for customer_id, name in customers])
        return 0
    out.print(escape(statistic.meaning))
    if not customers:
        everyone = "It is about all customers alike, and lists none."
        out.print("No customer is counted." if statistic.counted else everyone)
        return 0
    shown = table("customer", "name")
    for customer_id, name in customers:
        shown.add_row(customer_id, escape(name))
    out.print(shown)
    return 0
