"""`c360 feeds probe` and `c360 feeds reconcile`: what sources say of themselves, and whether we have what they have."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.markup import escape

from connectors.source_spec import LONGEST_DURATION
from connectors.tiers import EVERYTHING
from pipelines.cli.app import JsonOption, chosen, deployment_of
from pipelines.cli.console import TROUBLE, err, out, print_json, status_text, table
from pipelines.cli.feeds import feeds
from pipelines.freshness.reconcile import Reconciliation, reconcile_feed
from pipelines.ingest import stage_feed
from pipelines.probe import Answer, probe_feed

SAID = {"accepted": "PASS", "denied": "FAIL", "unknown": "UNKNOWN"}


@feeds.command("probe")
def probe_command(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(metavar="[FEED]...", help="Feeds to ask. Default: all.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Ask sources what they hold, and whether they let us in, without reading data. Exit code 1 when one does not."""
    deployment = deployment_of(context)
    answers = [probe_feed(deployment, contract) for contract in chosen(deployment, names or [])]
    if as_json:
        # Without their troubles, which are no data to be taken apart.
        print_json(
            [asdict(replace(one, trouble=None)) | {"trouble": str(one.trouble or "") or None} for one in answers]
        )
    else:
        _show_answers(answers)
    is_troubled = any(answer.trouble or answer.credentials.verdict == "denied" for answer in answers)
    return TROUBLE if is_troubled else 0


@feeds.command("reconcile")
def reconcile_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="FEED", help="The feed to compare with its source.")],
    days: Annotated[
        int, typer.Option(min=1, max=LONGEST_DURATION.days, help="How far back, at least. Default: all of it.")
    ] = EVERYTHING,
    repair: Annotated[bool, typer.Option("--repair", help="Land and stage exactly the rows that differ.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Compare what was landed with what the source holds, row by row where they disagree.

    Exit code 1 when something differs and was not repaired.
    """
    deployment = deployment_of(context)
    (contract,) = chosen(deployment, [name])
    with err.status(f"Comparing {contract.feed} with its source ..."):
        found = reconcile_feed(deployment, contract, days=days, wants_repair=repair)
        staged = stage_feed(deployment, contract, None) if found.batch_ids else None
    troubles = [str(found.trouble)] if found.trouble else []
    troubles += staged.troubles if staged else []
    if as_json:
        print_json(asdict(replace(found, trouble=None)) | {"troubles": troubles, "differing": found.differing})
    else:
        _show_results(found)
        for trouble in troubles:
            err.print(f"[red]{escape(trouble)}[/red]")
    is_left = found.differing > 0 and not found.batch_ids
    return TROUBLE if troubles or is_left else 0


def _show_answers(answers: list[Answer]) -> None:
    shown = table("feed", "credentials", "#rows", "#files", "newest", "keys", "source clock", "source")
    for answer in answers:
        probe = answer.probe
        verdict = status_text(SAID[answer.credentials.verdict])
        if probe is None:
            shown.add_row(answer.feed, verdict, "-", "-", "-", "-", "-", escape(answer.credentials.reason))
            continue
        keys = f"{probe.lowest_key} … {probe.highest_key}" if probe.lowest_key is not None else "-"
        shown.add_row(
            answer.feed,
            verdict,
            "-" if probe.row_count is None else f"{probe.row_count:,}",
            "-" if probe.file_count is None else f"{probe.file_count:,}",
            escape(probe.newest or "-"),
            escape(keys),
            f"{probe.clock:%Y-%m-%d %H:%M:%S}" if probe.clock else "-",
            escape(probe.identity),
        )
    out.print(shown)
    for answer in answers:
        if answer.trouble is not None:
            err.print(f"[red]{escape(str(answer.trouble))}[/red]")


def _show_results(found: Reconciliation) -> None:
    if found.rows_restaged:
        out.print(f"{found.rows_restaged:,} rows that staging had lost came back from what was landed.")
    if found.note is not None:
        out.print(f"{status_text('UNKNOWN')}  {found.feed}: {found.note}. Run c360 sync first.")
        return
    if not found.results:
        return
    unit = found.results[0].unit
    shown = table("back to", f"#{unit}s at the source", f"#{unit}s here", "#missing", "#outdated", "#gone", "by")
    for result in found.results:
        shown.add_row(
            f"{result.days} days" if result.days else "the beginning",
            *(f"{n:,}" for n in (result.rows_source, result.rows_here, result.missing, result.outdated, result.extra)),
            result.method,
        )
    out.print(shown)
    if found.batch_ids:
        out.print(
            f"{found.rows_landed:,} rows were landed in {', '.join(found.batch_ids)}; the next sync publishes them."
        )
    elif found.differing:
        out.print(f"{status_text('FAIL')}  To land what differs: c360 feeds reconcile {found.feed} --repair")
    else:
        out.print(f"{status_text('PASS')}  Both sides hold the same.")
