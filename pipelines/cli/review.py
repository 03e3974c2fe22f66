"""`c360 review`: the pairs of records worth a person's look, and what people decided."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pipelines import stewardship
from pipelines.cli import review_session
from pipelines.cli.app import JsonOption, app, deployment_of, settings_of, steward_of
from pipelines.cli.console import WRONG_USE, err, out, print_json, table
from pipelines.cli.identities import identities
from pipelines.cli.pair import judgement_line, percent
from pipelines.cli.review_score import print_score
from pipelines.identity import evaluation, judgements, review, review_file, sample
from pipelines.identity.pair import Pair, read_pairs
from pipelines.identity.stakes import NOTHING_PUBLISHED, stakes
from pipelines.ledger import reviews
from pipelines.ledger.database import existing_ledger
from pipelines.trouble import Trouble
from warehouse.connection import WarehouseAbsent, open_reader

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.settings import Home

# A share is known to a hundredth by then, and to judge them all takes a person more than a week.
LARGEST_SAMPLE = 10_000
TAKES_EFFECT = "Decisions take effect with the next c360 sync."


@app.command("review")
def review_command(
    context: typer.Context,
    by: Annotated[str | None, typer.Option(help="Who decides. Default: $C360_STEWARD.")] = None,
    minutes: Annotated[
        float, typer.Option(min=0.1, max=1440, help="Time for it; each pair takes about 20 seconds.")
    ] = 10,
    export: Annotated[Path | None, typer.Option(help="Write the queue to this CSV file, decisions empty.")] = None,
    take_over: Annotated[Path | None, typer.Option("--import", help="Keep the decisions of such a file.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the decisions in force.")] = False,
    undo: Annotated[tuple[str, str] | None, typer.Option(help="Take back what was decided on two records.")] = None,
    sample_size: Annotated[
        int | None,
        typer.Option(
            "--sample", min=1, max=LARGEST_SAMPLE, help="Judge so many matches drawn by chance, to estimate precision."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which sample.")] = 1,
    scored: Annotated[bool, typer.Option("--score", help="How often the model was right, by the decisions.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Look at pairs of records that may be wrongly joined or kept apart, the most harmful doubt first, and decide."""
    if sum(map(bool, (export, take_over, listed, undo, scored))) > 1:
        err.print("Use one of --export, --import, --list, --undo and --score at a time.")
        return WRONG_USE
    home = settings_of(context).home
    if listed:
        return _list(home, as_json=as_json)
    if scored:
        return _score(home, as_json=as_json)
    if take_over or undo:
        return _write(context, steward_of(context, by), take_over, undo)
    is_asking = not (export or as_json) and sys.stdin.isatty() and out.is_terminal
    name = steward_of(context, by) if is_asking else ""
    drawn = stewardship.draw_sample(deployment_of(context), size=sample_size, seed=seed) if sample_size else None
    rows, pairs = _queue(home, minutes, drawn)
    if export:
        _export(export, rows, pairs)
    elif as_json:
        print_json([row | {"pair": asdict(pair)} for row, pair in zip(rows, pairs, strict=True)])
    elif is_asking and rows:
        _ask(context, name, rows, pairs)
    else:
        _print_queue(rows)
    return 0


def _queue(home: Home, minutes: float, drawn: str | None) -> tuple[list[dict[str, Any]], list[Pair]]:
    """The pairs to look at, read at once so that no file stays open while a person thinks."""
    at_stake = NOTHING_PUBLISHED if drawn else _stakes(home)
    with identities(home.warehouse) as connection:
        if drawn:
            found = sample.unanswered(connection, drawn)
        else:
            found = review.queue(connection, limit=review.pairs_in(minutes), stakes=at_stake)
        rows = found.to_pylist()
        return rows, read_pairs(connection, [(row["left_key"], row["right_key"]) for row in rows])


def _stakes(home: Home) -> pa.Table:
    try:
        with open_reader(home.published) as connection:
            return stakes(connection)
    except WarehouseAbsent:
        err.print("[yellow]note[/yellow]  nothing is published yet, so what is at stake is UNKNOWN.")
        return NOTHING_PUBLISHED


def _print_queue(rows: list[dict[str, Any]]) -> None:
    if not rows:
        out.print("No pair is left to look at.")
        return
    shown = table("left", "right", "now", "#probability", "#bits", "at stake", "#harm")
    for row in rows:
        now = "one customer" if row["decision"] == "match" else "two customers"
        harm = "-" if row["harm"] is None else f"{row['harm']:.2f}"
        shown.add_row(
            escape(row["left_key"]), escape(row["right_key"]), now, percent(row["probability"]), f"{row['bits']:+.1f}",
            escape(row["at_stake"] or "-"), harm,
        )  # fmt: skip
    out.print(shown)


def _export(path: Path, rows: list[dict[str, Any]], pairs: list[Pair]) -> None:
    try:
        review_file.export(path, rows, pairs)
    except OSError as error:
        fact = f"it cannot be written ({error.strerror})"
        raise Trouble(str(path), fact, "Name a file in a folder that you may write in.") from None
    out.print(f"Pairs in {escape(str(path))}: {len(rows)}. Fill the column decision, then --import it.")


def _ask(context: typer.Context, by: str, rows: list[dict[str, Any]], pairs: list[Pair]) -> None:
    deployment = deployment_of(context)
    desk = review_session.Desk(
        ask=_answer,
        keep=lambda judgement: stewardship.keep(deployment, [judgement]),
        take_back=lambda former: stewardship.take_back(
            deployment, former.left_key, former.right_key, by=by, reason="answered by mistake"
        ),
        clock=deployment.clock,
        by=by,
    )
    sitting, began_at = review_session.Sitting(), deployment.clock()
    try:
        review_session.run(rows, pairs, desk, sitting)
    finally:
        with existing_ledger(deployment.home.ledger) as ledger:
            reviews.record_sitting(ledger, began_at, sitting.pairs, sitting.looked.total_seconds())
    out.print(f"Decisions kept: {sitting.kept}. {TAKES_EFFECT}")


def _answer(question: str) -> str:
    """What is typed; the end of the input is the end of the review."""
    try:
        return input(question)
    except EOFError:
        return "q"


def _write(context: typer.Context, by: str, take_over: Path | None, undo: tuple[str, str] | None) -> int:
    try:
        if undo:
            former, *others = stewardship.take_back(deployment_of(context), *undo, by=by, reason="taken back")
            more = f", and {len(others)} more of the same unmerge" if others else ""
            out.print(f"Taken back: {escape(judgement_line(former))}{more}. {TAKES_EFFECT}")
        if take_over:
            kept = stewardship.take_over(deployment_of(context), take_over, by=by)
            out.print(f"Decisions kept: {len(kept)}. {TAKES_EFFECT}")
    except (judgements.JudgementRefused, review_file.WrongFile) as wrong:
        err.print(f"[red]{escape(str(wrong))}[/red]")
        return WRONG_USE
    return 0


def _list(home: Home, *, as_json: bool) -> int:
    with identities(home.warehouse) as connection:
        found = judgements.in_force(connection)
    if as_json:
        print_json([asdict(one) for one in found])
        return 0
    for one in found:
        out.print(escape(judgement_line(one)))
    if not found:
        out.print("Nothing is decided yet.")
    return 0


def _score(home: Home, *, as_json: bool) -> int:
    with identities(home.warehouse) as connection:
        found = evaluation.score(connection)
    if as_json:
        print_json(asdict(found) | {"bands": [asdict(band) | {"verdict": band.verdict} for band in found.bands]})
    else:
        print_score(found)
    return 0
