"""`c360 customer`: one customer on one screen."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.markup import escape

from pipelines import usage
from pipelines.cli.app import JsonOption, app, now_of, settings_of, utc
from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json, table
from pipelines.cli.customer_brief import print_brief
from pipelines.cli.customer_past import fate_line, require_macros, show_end, show_past
from pipelines.cli.published import published_file
from pipelines.cli.why import explain
from warehouse.brief import MACROS_OF_BRIEF, READS, customer_brief, find_customers, state_beside
from warehouse.connection import open_reader
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
    known_at: Annotated[
        str | None, typer.Option(help="Leave out what was recorded after this moment (UTC; a day is its beginning).")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Show what to know before speaking with a customer: who, what is owed, said and open, and what is not known."""
    if why:
        return explain(settings_of(context).home.warehouse, named, as_json=as_json)
    if len(named) > 1:
        err.print("Name one customer, a name of several words in quotes; two are for --why.")
        return WRONG_USE
    if as_of and known_at:
        err.print("Ask one of them: --as-of for the records that it had, --known-at for what was known of it.")
        return WRONG_USE
    find = named[0].strip()
    moment, known = utc(as_of) if as_of else None, utc(known_at) if known_at else None
    with published_file(settings_of(context).home, is_full=True) as published, open_reader(published) as connection:
        former, found = fate(connection, find), find_customers(connection, find)
        if moment and is_known_id(connection, find) and not (former and former.ended == "erased"):
            return show_past(connection, find, moment, as_json=as_json)
        if former and former.ended:
            return show_end(former, as_json=as_json)
        if len(found) != 1:
            return _none_or_many(find, found, as_json)
        if moment:
            return show_past(connection, found[0].customer_id, moment, as_json=as_json)
        require_macros(connection, MACROS_OF_BRIEF)
        brief = customer_brief(connection, found[0].customer_id, known)
        state = asdict(state_beside(connection, brief)) if as_json else {}
    usage.note(settings_of(context), "customer", [(name, ALL_COLUMNS) for name in READS], now_of(context))
    if as_json:
        print_json(asdict(brief) | state | {"former_id": asdict(former) if former else None})
        return 0
    if former:
        out.print(escape(fate_line(former)))
    print_brief(brief)
    return 0


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
