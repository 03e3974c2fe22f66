"""`c360 ask`: a question that has a name, its answer, and how old and how complete that is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import duckdb
import typer
from rich.markup import escape

from pipelines import usage
from pipelines.cli.app import JsonOption, LimitOption, app, now_of, settings_of
from pipelines.cli.console import WRONG_USE, age, err, out, print_json, status_text, table, when
from pipelines.cli.published import FullOption, published_file
from pipelines.cli.query import ROWS_SHOWN, show_rows
from pipelines.trouble import Trouble
from warehouse.answer import Answer, answer, blurred_by_masking, find_question
from warehouse.connection import open_reader
from warehouse.questions import Question, QuestionTrouble, questions
from warehouse.sql_reading import columns_read


@app.command("ask")
def ask_command(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A question's name; without one they are listed.")] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("--param", help="NAME=VALUE, where the question takes any; repeatable.")
    ] = None,
    limit: LimitOption = ROWS_SHOWN,
    is_full: FullOption = False,
    as_json: JsonOption = False,
) -> int:
    """Ask a question that has a name, and see how old and how complete its answer is."""
    if name is None:
        return _list(as_json=as_json)
    settings = settings_of(context)
    try:
        question, given = find_question(name), dict(map(_split, parameters or ()))
        with published_file(settings.home, is_full=is_full) as published, open_reader(published) as connection:
            said = answer(connection, question, given, limit=limit)
    except QuestionTrouble as trouble:
        err.print(f"[red]{escape(str(trouble))}[/red]")
        return WRONG_USE
    except duckdb.CatalogException as lacking:
        fact = f"it was published by a version that this question does not know ({str(lacking).splitlines()[0]})"
        raise Trouble(str(published), fact, "Run c360 refresh first.") from None
    usage.note(settings, "ask", columns_read(question.sql), now_of(context))
    blurred = [] if is_full else blurred_by_masking(question)
    if as_json:
        rows = [dict(zip(said.columns, row, strict=True)) for row in said.rows]
        asked = {"question": question.question, "parameters": given, "blurred_by_masking": blurred}
        print_json(asked | asdict(said) | {"rows": rows})
        return 0
    out.print(f"[bold]{escape(question.question)}[/bold]")
    for one in question.parameters:
        value = given.get(one.name, one.default)
        out.print(f"[dim]--param {escape(one.name)}={escape(value or '…')}  {escape(one.meaning)}[/dim]")
    show_rows(said.columns, said.rows, is_all=said.is_all)
    _currency(said)
    if blurred:
        out.print(f"[yellow]The masked file holds no or only part of {', '.join(blurred)}; --full has all.[/yellow]")
    return 0


def _list(*, as_json: bool) -> int:
    if as_json:
        print_json([asdict(question) for question in questions().values()])
        return 0
    shown = table("name", "question", "parameters")
    for question in questions().values():
        shown.add_row(question.name, escape(question.question), escape(_parameters(question)))
    out.print(shown)
    out.print("[dim]c360 ask NAME --param NAME=VALUE[/dim]")
    return 0


def _parameters(question: Question) -> str:
    return ", ".join(one.name if one.default is None else f"{one.name}={one.default}" for one in question.parameters)


def _split(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise QuestionTrouble(f"--param {text}: it has no value. Write it as NAME=VALUE.")
    return name, value


def _currency(said: Answer) -> None:
    """How old and how complete the answer is, by the feeds that it rests on."""
    out.print(f"[dim]Snapshot {said.snapshot_id} of {when(said.snapshot_at)} UTC.[/dim]")
    for source in said.sources:
        old = "-" if source.age_seconds is None else age(timedelta(seconds=source.age_seconds))
        held = f", {source.held_rows:,} rows held" if source.held_rows else ""
        gaps = ", known to miss rows" if source.is_complete is False else ""
        out.print(f"{status_text(source.status)} {source.feed}: data of {when(source.as_of)}, {old} old{held}{gaps}")
    for sentence in said.absent:
        out.print(f"[yellow]{escape(sentence)}[/yellow]")
