"""`c360 resolve`: who is who in any table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.app import app
from pipelines.cli.console import WRONG_USE, err, out
from pipelines.identity.matching.backends import DEFAULT_THRESHOLDS, Backend
from pipelines.identity.matching.roles import WrongInput

THRESHOLDS = ", ".join(f"{threshold:.2g} for {backend}" for backend, threshold in DEFAULT_THRESHOLDS.items())


@app.command("resolve")
def resolve_command(
    records: Annotated[Path, typer.Argument(help="Parquet or CSV with record_id and text columns.")],
    roles: Annotated[Path, typer.Option(help="YAML: one `column: role` line a column.")],
    output: Annotated[Path, typer.Option(help="Where record_id, customer_id, household_id, confidence go.")],
    threshold: Annotated[
        float | None, typer.Option(help=f"Probability above which records join. By default {THRESHOLDS}.")
    ] = None,
    judgements: Annotated[
        Path | None, typer.Option(help="Decisions of people: left_id, right_id, decision (match, no_match, unsure).")
    ] = None,
    explain: Annotated[Path | None, typer.Option(help="Where the evidence of each pair goes, in bits.")] = None,
    backend: Annotated[Backend, typer.Option(help="What weighs the evidence.")] = Backend.OURS,
) -> int:
    """Find the records of a table that are the same person or organisation. The roles are all it needs to know."""
    from pipelines.identity.matching.table import resolve_table

    try:
        with err.status("Resolving ..."):
            resolved = resolve_table(
                records,
                roles,
                output,
                threshold=threshold,
                judgements=judgements,
                explanation=explain,
                backend=backend,
            )
    except WrongInput as wrong:
        err.print(f"[red]{escape(str(wrong))}[/red]")
        return WRONG_USE
    out.print(
        f"Records: {resolved.records:,}. Customers: {resolved.customers:,}. Households: {resolved.households:,}. "
        f"Pairs compared: {resolved.pairs:,}. {escape(str(output))}"
    )
    return 0
