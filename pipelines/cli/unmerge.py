"""`c360 unmerge`: give a customer id that was merged away back to its records."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from pipelines import stewardship
from pipelines.cli.app import JsonOption, app, deployment_of, reason_of, steward_of
from pipelines.cli.console import WRONG_USE, err, out, print_json
from pipelines.cli.review import TAKES_EFFECT
from pipelines.identity.judgements import JudgementRefused


@app.command("unmerge")
def unmerge_command(
    context: typer.Context,
    customer_id: Annotated[str, typer.Argument(metavar="OLD_ID", help="The customer id that was merged away.")],
    because: Annotated[str, typer.Option(help="Why the two are not one customer.")],
    by: Annotated[str | None, typer.Option(help="Who decides. Default: $C360_STEWARD.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Undo a merge: the records that an id brought are another customer, and have that id again after the next sync."""
    name, reason = steward_of(context, by), reason_of(because, "--because")
    try:
        done = stewardship.unmerge(deployment_of(context), customer_id.strip().upper(), by=name, reason=reason)
    except JudgementRefused as refused:
        err.print(f"[red]{escape(str(refused))}[/red]")
        return WRONG_USE
    if as_json:
        print_json(asdict(done))
        return 0
    out.print(
        f"Judged to be two customers: {done.customer_id} and {done.from_customer_id}. Decisions: {len(done.judged)}."
    )
    out.print(f"  back under {done.customer_id}: {escape(', '.join(done.leaving))}")
    out.print(f"  stay with {done.from_customer_id}: {escape(', '.join(done.staying))}")
    first = done.judged[0]
    out.print(f"{TAKES_EFFECT} To undo: c360 review --undo {escape(first.left_key)} {escape(first.right_key)}")
    return 0
