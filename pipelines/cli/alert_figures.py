"""`c360 alerts figures`: how well alerts serve, by kind of failure."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.alerts.figures import Lasting, figures
from pipelines.cli.alerts import alerts
from pipelines.cli.app import JsonOption, deployment_of, utc
from pipelines.cli.console import age, out, print_json, table
from pipelines.freshness.failures import load_failures
from pipelines.ledger.database import existing_ledger


@alerts.command("figures")
def figures_command(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="Alerts first seen since this day or moment (UTC) only.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Show how soon failures were seen, told, taken on and mended, and how many alerts were for nothing.

    Times are the median and the longest, in seconds with --json. Seen: since it began, where that is known. Mended:
    since it began to its end. Right: the share of closed alerts of which nobody said, with `resolve --false`, that
    nothing was ever wrong.
    """
    with existing_ledger(deployment_of(context).home.ledger) as ledger:
        found = figures(ledger, utc(since) if since else None)
    if as_json:
        print_json([{"failure": kind} | asdict(one) for kind, one in found.items()])
        return 0
    shown = table("what", "#alerts", "#told", "#closed", "#seen", "#told after", "#taken on", "#mended", "#right")
    known = load_failures()
    for kind, one in found.items():
        spans = [_lasting(span) for span in (one.detect, one.tell, one.take, one.repair)]
        counts = [f"{count:,}" for count in (one.alerts, one.told, one.closed)]
        right = "-" if one.precision is None else f"{one.precision:.0%}"
        shown.add_row(escape(known[kind].title if kind in known else kind), *counts, *spans, right)
    out.print(shown if found else "There was no alert.")
    return 0


def _lasting(span: Lasting | None) -> str:
    return "-" if span is None else f"{age(span.median)}, {age(span.worst)}"
