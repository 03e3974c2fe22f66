"""`c360 erase`: erase customers from everything that is kept here, and certify it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.app import JsonOption, app, deployment_of, steward_of
from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json, table
from pipelines.deployment import Deployment
from pipelines.erasure.certificate import Certificate
from pipelines.erasure.erase import Request, erase_customers, resume, unfinished
from pipelines.identity.erasure import EraseRefused
from pipelines.ledger import erasures
from pipelines.ledger.database import existing_ledger
from pipelines.trouble import Trouble


@app.command("erase")
def erase_command(
    context: typer.Context,
    customer_ids: Annotated[list[str] | None, typer.Argument(metavar="CUSTOMER", help="Ids of customers.")] = None,
    reason: Annotated[str, typer.Option(help="Why: the number of the request. Never a name; it is kept.")] = "",
    listed_in: Annotated[Path | None, typer.Option("--from", help="A file with one customer id a line.")] = None,
    by: Annotated[str | None, typer.Option(help="Who asks for it. Default: $C360_STEWARD.")] = None,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask before erasing.")] = False,
    resumes: Annotated[bool, typer.Option("--resume", help="Go on with an erasure that was cut off.")] = False,
    lifted: Annotated[
        str | None, typer.Option("--lift", metavar="ERASURE", help="Let in again what feeds send of its customers.")
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """Erase customers for good: landed bytes, staging, quarantine, identity, ledger, marts and the published file.

    What feeds send of them again is left out until that is lifted, as for a person who comes back. Exit code 1 when the
    search afterwards still found something.
    """
    deployment = deployment_of(context)
    if lifted:
        return _lift(deployment, lifted)
    if resumes:
        with existing_ledger(deployment.home.ledger) as ledger:
            waiting = unfinished(ledger)
        if waiting is None:
            if as_json:
                print_json(None)
            else:
                out.print("No erasure was cut off.")
            return 0
        return _shown(resume(deployment, waiting), as_json=as_json)
    wanted = [one.strip().upper() for one in [*(customer_ids or ()), *_listed(listed_in)] if one.strip()]
    if not wanted or not reason.strip():
        err.print("[red]Name the customers by their ids, and say --reason. Find an id with c360 customer.[/red]")
        return WRONG_USE
    request = Request(tuple(dict.fromkeys(wanted)), reason.strip(), steward_of(context, by))
    if not is_sure and not typer.confirm(f"Erase {len(request.customer_ids)} customer(s)? This cannot be undone."):
        out.print("Nothing was erased.")
        return 0
    try:
        certificate = erase_customers(deployment, request)
    except EraseRefused as refused:
        err.print(f"[red]{escape(str(refused))}[/red]")
        return WRONG_USE
    return _shown(certificate, as_json=as_json)


def _lift(deployment: Deployment, erasure_id: str) -> int:
    with existing_ledger(deployment.home.ledger) as ledger:
        if erasures.lift(ledger, erasure_id, deployment.clock()):
            out.print(f"{escape(erasure_id)} is lifted: what feeds send of its customers is let in, as new.")
            return 0
    err.print(f"[red]{escape(erasure_id)} is no erasure of this home. Its certificate has the id.[/red]")
    return WRONG_USE


def _listed(file: Path | None) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines() if file else []
    except UnicodeDecodeError:
        raise Trouble(str(file), "it is not text in UTF-8", "Write one customer id a line.") from None


def _shown(certificate: Certificate, *, as_json: bool) -> int:
    if as_json:
        print_json(certificate.facts() | {"is_clean": certificate.is_clean})
    else:
        _print(certificate)
    return 0 if certificate.is_clean else TROUBLE


def _print(certificate: Certificate) -> None:
    out.print(f"[bold]Certificate {certificate.erasure_id}[/bold]  {escape(certificate.reason)}")
    size = f"{len(certificate.customer_ids)} customers, {certificate.records} records"
    out.print(f"  {size}, asked by {escape(certificate.asked_by)}")
    shown = table("where", "what", "#rows")
    for where, counts in (
        ("landing", certificate.landed_rows),
        ("unreadable lines", certificate.unreadable_lines),
        ("staging", certificate.staged_rows),
        ("quarantine", certificate.held_rows),
        ("rows of others", certificate.named_by_others),
    ):
        for what, rows in sorted(counts.items()):
            shown.add_row(where, what, f"{rows:,}")
    out.print(shown)
    out.print(
        f"  {certificate.landed_batches} landed batches written anew; published anew as {certificate.snapshot_id}"
    )
    values = ", ".join(f"{count} {kind}" for kind, count in certificate.searched_for.items())
    out.print(
        f"  searched {certificate.searched_files:,} files ({certificate.searched_bytes / 1e6:,.1f} MB) for {values}"
    )
    for feed, places in certificate.left_at_sources.items():
        out.print(f"  [yellow]left at the source[/yellow] of {feed}, for its keeper: {escape(', '.join(places))}")
    if certificate.is_clean:
        out.print("  [green]Nothing of them was found.[/green]")
    for place, rows in certificate.found.items():
        out.print(f"  [red]still found[/red] in {escape(place)}: {rows:,}")
    for place in certificate.unread:
        out.print(f"  [red]could not be searched[/red]: {escape(place)}")
