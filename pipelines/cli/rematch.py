"""`c360 rematch`: what matching all records anew would change, and doing it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer
from rich.markup import escape

from pipelines.cli.app import JsonOption, app, deployment_of
from pipelines.cli.console import TROUBLE, err, out, print_json, status_text, table
from pipelines.cli.sync import print_refreshed, refreshed_as_json
from pipelines.identity.churn import MOST, Affected, Report
from pipelines.identity.full_match import apply_command, told
from pipelines.refresh import preview_rematch, rematch

# Ids named for each customer; the JSON document has all.
NAMED = 3


@app.command("rematch")
def rematch_command(
    context: typer.Context,
    apply: Annotated[bool, typer.Option("--apply", help="Do it and publish, if it is within the limit.")] = False,
    churn: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of customers it may affect, this once. Default: $C360_CHURN_LIMIT."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Customers listed at most.")] = MOST,
    as_json: JsonOption = False,
) -> int:
    """Show what matching all records anew would change; nothing is written without --apply.

    Exit code 1 when it would affect more customers than it may unasked; --apply then changes nothing.
    """
    deployment = deployment_of(context)
    if churn is not None:
        deployment = replace(deployment, churn_limit=churn)
    if apply:
        with err.status("Matching all records anew ..."):
            refreshed = rematch(deployment)
        if as_json:
            print_json(refreshed_as_json(refreshed))
        else:
            resolution = refreshed.resolution
            out.print(f"All {resolution.records:,} records were matched anew: {resolution.merges:,} merges, "
                      f"{resolution.splits:,} splits.")  # fmt: skip
            print_refreshed(refreshed)
        return 0
    with err.status("Matching all records anew, to see ..."):
        report = preview_rematch(deployment, most=limit)
    if as_json:
        print_json(report_as_json(report))
    else:
        _show(report)
    return 0 if report.is_within else TROUBLE


def report_as_json(report: Report) -> dict[str, Any]:
    """A preview for machines."""
    computed = {"affected_share": report.churn.share, "most_customers": report.most_customers}
    return asdict(report) | computed | {"is_within": report.is_within}


def _show(report: Report) -> None:
    churn = report.churn
    out.print(f"Matching all {report.records:,} records anew would affect {told(churn)}. Nothing was written.")
    shown = table("what it does", "#how many")
    shown.add_row("customers before", f"{churn.customers_before:,}")
    shown.add_row("customers after", f"{churn.customers_after:,}")
    shown.add_row("merges (ids that are retired and redirect)", f"{churn.merges:,}")
    shown.add_row("splits", f"{churn.splits:,}")
    shown.add_row("ids that splits create", f"{churn.created_ids:,}")
    shown.add_row("records that change customer", f"{churn.moved:,}")
    shown.add_row("customers affected", f"{churn.affected:,}")
    shown.add_row("customers that may be affected unasked", f"{report.most_customers:,}")
    out.print(shown)
    if report.new_records or report.changed_records or report.removed_records:
        out.print(
            f"[dim]Since the last run {report.new_records:,} records came, {report.changed_records:,} changed and "
            f"{report.removed_records:,} went; they are matched with the rest, and do not count as moved.[/dim]"
        )
    if report.most_affected:
        customers = table("customer", "name", "#records", "what happens", title="Most affected")
        for one in report.most_affected:
            name = escape(one.display_name or "-")
            customers.add_row(one.customer_id, name, f"{one.records:,}", fate(one))
        out.print(customers)
    if report.is_within:
        out.print(f"{status_text('PASS')}  Within the limit. To do it: c360 rematch --apply")
    else:
        out.print(f"{status_text('FAIL')}  Above the limit. If it is right: {apply_command(churn)}")


def fate(one: Affected) -> str:
    """'merged into CA; takes in 2 records of CB, CC, CD and 4 more'."""
    parts = []
    if one.merged_into:
        parts.append(f"merged into {one.merged_into}")
    if others := {other: records for other, records in one.lost_to.items() if other != one.merged_into}:
        parts.append(f"loses {_records(others)} to {_named(others)}")
    if one.gained_from:
        parts.append(f"takes in {_records(one.gained_from)} of {_named(one.gained_from)}")
    return "; ".join(parts)


def _records(by_customer: dict[str, int]) -> str:
    count = sum(by_customer.values())
    return f"{count:,} record{'s' if count > 1 else ''}"


def _named(by_customer: dict[str, int]) -> str:
    ids = list(by_customer)
    more = f" and {len(ids) - NAMED:,} more" if len(ids) > NAMED else ""
    return ", ".join(ids[:NAMED]) + more
