"""`c360 customer`: one customer on one screen."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from pipelines import usage
from pipelines.cli.app import app, now_of, settings_of, utc
from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json, status_text, table, when
from pipelines.cli.customer_past import fate_line, show_end, show_past
from pipelines.cli.sync import JsonOption
from pipelines.cli.why import explain
from pipelines.trouble import Trouble
from warehouse.brief import READS, Brief, customer_brief, find_customers
from warehouse.connection import WarehouseAbsent, open_reader
from warehouse.past import fate, is_known_id
from warehouse.sql_reading import ALL_COLUMNS


@app.command("customer")
def customer_command(
    context: typer.Context,
    named: Annotated[
        list[str],
        typer.Argument(metavar="FIND", help="Name, e-mail, phone, any source's id, or an old customer id."),
    ],
    why: Annotated[
        bool, typer.Option("--why", help="Say why its records are one customer; of two, why they are or are not one.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="Show which records it had at this moment (UTC; a day is its beginning).")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Show who a customer is, what happened lately, and which sources are behind."""
    if why:
        return explain(settings_of(context).home.warehouse, named, as_json=as_json)
    if len(named) > 1:
        err.print("Name one customer, a name of several words in quotes; two are for --why.")
        return WRONG_USE
    find, moment = named[0].strip(), utc(as_of) if as_of else None
    published = settings_of(context).home.published
    try:
        with open_reader(published) as connection:
            former, found = fate(connection, find), find_customers(connection, find)
            if moment and is_known_id(connection, find) and not (former and former.ended == "erased"):
                return show_past(connection, find, moment, as_json=as_json)
            if former and former.ended:
                return show_end(former, as_json=as_json)
            if len(found) != 1:
                return _none_or_many(find, found, as_json)
            if moment:
                return show_past(connection, found[0].customer_id, moment, as_json=as_json)
            brief = customer_brief(connection, found[0].customer_id)
    except WarehouseAbsent:
        raise Trouble(str(published), "nothing is published yet", "Run c360 sync first.") from None
    usage.note(settings_of(context), "customer", [(name, ALL_COLUMNS) for name in READS], now_of(context))
    if as_json:
        print_json(asdict(brief) | {"former_id": asdict(former) if former else None})
        return 0
    if former:
        out.print(escape(fate_line(former)))
    print_brief(brief)
    return 0


def print_brief(brief: Brief) -> None:
    """The brief as a person reads it: who, how we stand, what happened last, what is missing."""
    profile = brief.profile
    name = profile["display_name"] or "(no name known)"
    out.print(
        f"[bold]{escape(str(name))}[/bold]  [dim]{profile['customer_id']} · {profile['party_type'] or 'unknown'}[/]"
    )
    contact = [profile.get("primary_email"), profile.get("primary_phone_e164"), _address(profile)]
    out.print("  " + escape(" · ".join(str(part) for part in contact if part) or "no contact point known"))
    records = ", ".join(f"{row['source_system']} {row['entity']} ×{row['records']}" for row in brief.records)
    out.print(f"  [dim]known from[/dim] {escape(records)}")
    out.print(f"  [dim]business  [/dim] {escape(_business(profile))}")
    out.print(f"  [dim]service   [/dim] {escape(_service(profile))}")
    shown = table("when", "channel", "", "what", "said or done")
    for row in brief.timeline:
        summary = " ".join(str(row["summary"] or row["topic"] or "").split())
        arrow = {"inbound": "←", "outbound": "→"}.get(row["direction"] or "", "·")
        cut = summary if len(summary) <= 80 else summary[:79] + "…"
        shown.add_row(when(row["occurred_at"]), row["channel"] or "-", arrow, row["interaction_type"], escape(cut))
    out.print(shown)
    if brief.sources:
        behind = ", ".join(f"{row['feed']} {status_text(row['status_now'])}" for row in brief.sources)
        out.print(f"  [dim]not current:[/dim] {behind}")
    else:
        out.print("  [dim]all sources are current[/dim]")


def _none_or_many(find: str, found: list[Any], as_json: bool) -> int:
    if as_json:
        print_json([asdict(customer) for customer in found])
        return 0 if found else TROUBLE
    if not found:
        err.print(f"Nobody answers to '{escape(find)}'. Try a part of the name, an e-mail address or a source's id.")
        return TROUBLE
    shown = table("customer", "name", "found by")
    for customer in found:
        shown.add_row(customer.customer_id, escape(customer.display_name or "-"), customer.found_by)
    out.print(shown)
    out.print("[dim]Several answer to it. Name one by its customer id.[/dim]")
    return 0


def _address(profile: dict[str, Any]) -> str:
    parts = [profile.get(name) for name in ("street", "postal_code", "city", "country")]
    return ", ".join(str(part) for part in parts if part)


def _business(profile: dict[str, Any]) -> str:
    orders = profile.get("order_count") or 0
    if not orders:
        return "no orders"
    amount = f", {profile['net_amount']:,} {profile['currency'] or ''} net" if profile.get("net_amount") else ""
    return f"{orders} orders{amount}, last on {_day(profile.get('last_order_at'))}"


def _service(profile: dict[str, Any]) -> str:
    tickets = profile.get("ticket_count") or 0
    if not tickets:
        return "no tickets"
    still_open = profile.get("open_ticket_count") or 0
    oldest = f", oldest open since {_day(profile.get('oldest_open_ticket_at'))}" if still_open else ""
    return f"{tickets} tickets, {still_open} open{oldest}"


def _day(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d") if moment else "-"
