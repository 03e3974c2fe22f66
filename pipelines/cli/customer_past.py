"""`c360 customer` for what was: ids that are no customer any more, and records as of a moment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime

import duckdb
from rich.markup import escape

from pipelines.cli.console import TROUBLE, err, out, print_json, table, when
from pipelines.trouble import Trouble
from warehouse.past import MACROS_ASKED, Fate, Past, as_of
from warehouse.published_macros import published_macros


def fate_line(fate: Fate) -> str:
    """What became of an id, in a sentence or two."""
    told = []
    if fate.merged_at:
        told.append(f"{fate.customer_id} was merged into {fate.current_id} on {fate.merged_at:%Y-%m-%d}.")
    if fate.ended_at:
        why = ": none of its records is left at its source" if fate.ended == "retired" else ""
        told.append(f"{fate.current_id} was {fate.ended} on {fate.ended_at:%Y-%m-%d}{why}.")
    return " ".join(told)


def show_end(fate: Fate, *, as_json: bool) -> int:
    """Say that an id leads to no customer any more; the exit code."""
    if as_json:
        print_json({"former_id": asdict(fate)})
    else:
        err.print(escape(fate_line(fate)))
    return TROUBLE


def show_past(connection: duckdb.DuckDBPyConnection, customer_id: str, moment: datetime, *, as_json: bool) -> int:
    """Print the records that a customer had at a moment (aware), and under which id; the exit code.

    Raises Trouble when the published file is of a version that kept no history.
    """
    require_macros(connection, MACROS_ASKED)
    past = as_of(connection, customer_id, moment)
    if as_json:
        print_json(asdict(past) | {"ids": past.ids})
    else:
        _print(past)
    return 0


def require_macros(connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> None:
    """Raise Trouble when the published file is of a version without one of these macros."""
    functions = connection.execute("SELECT function_name FROM duckdb_functions() WHERE NOT internal").fetchall()
    asked = [macro for macro in published_macros() if macro.name in names]
    if missing := [macro.signature for macro in asked if (macro.name,) not in functions]:
        fact = f"it was published by a version without {', '.join(missing)}"
        raise Trouble("the published file", fact, "Run c360 refresh first.")


def _print(past: Past) -> None:
    at = f"{when(past.moment.astimezone(UTC))} UTC"
    if not past.records:
        out.print(f"On {at} no record of {past.customer_id} was known.")
        return
    if past.ids == [past.customer_id]:
        out.print(f"[bold]{past.customer_id}[/bold] on {at}")
    else:
        out.print(
            f"On {at} [bold]{past.customer_id}[/bold] had no records. Those that it has, or had last, were called "
            f"[bold]{', '.join(past.ids)}[/bold]."
        )
    shown = table("record", "customer then", "since", "customer now")
    for one in past.records:
        shown.add_row(escape(one.source_record_key), one.customer_id, when(one.valid_from), one.customer_id_now or "-")
    out.print(shown)
