"""The command's root: global options, and the deployment that every command works on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from pipelines.cli.console import WRONG_USE, err
from pipelines.deployment import Deployment
from pipelines.settings import Settings, load_settings

GLOBAL_OPTIONS = ("--home", "--feeds", "--now")
# DuckDB counts rows in 64 bits, and one more than asked for is fetched to tell whether there are more.
LimitOption = Annotated[int, typer.Option(min=0, max=2**62, help="Rows shown at most; 0 for all.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]

app = typer.Typer(
    name="c360",
    help="Pull customer data out of every system, prove what arrived, recognise people, publish one DuckDB file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def utc(text: str) -> datetime:
    """The moment that an option names, aware; a day is its beginning. Wrong use when it is none."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a time. Write it as 2026-11-21T10:00:00") from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


@app.callback()
def root(
    context: typer.Context,
    home: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Folder of landing, databases and snapshots. Default: $C360_HOME or ./data."),
    ] = None,
    feeds: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of contracts in place of the shipped ones; repeatable. Default: $C360_FEEDS."),
    ] = None,
    now: Annotated[
        str | None, typer.Option(help="Work as if it were this moment (UTC): for rehearsals and tests.")
    ] = None,
) -> None:
    """Global options."""
    if home == "":
        raise typer.BadParameter("--home is empty. Name a folder; the one you are in is .")
    context.obj = (load_settings(Path(home) if home else None, feeds or ()), utc(now) if now else None)


def global_options_first(arguments: list[str]) -> list[str]:
    """The same arguments with the global options in front, so that they may stand behind the command as well."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in GLOBAL_OPTIONS:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument.startswith(tuple(f"{option}=" for option in GLOBAL_OPTIONS)):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def settings_of(context: typer.Context) -> Settings:
    """The settings that the global options amount to."""
    settings: Settings = context.obj[0]
    return settings


def now_of(context: typer.Context) -> datetime:
    """The moment that a command takes for now."""
    fixed: datetime | None = context.obj[1]
    return fixed or datetime.now(UTC)


def deployment_of(context: typer.Context) -> Deployment:
    """The deployment that the global options name. Raises ContractError when a contract is wrong."""
    settings, fixed = settings_of(context), context.obj[1]
    return Deployment(
        home=settings.home,
        catalog=load_catalog(settings.feeds),
        environment=settings.environment,
        clock=(lambda: fixed) if fixed else (lambda: datetime.now(UTC)),
        sleep=time.sleep,
        churn_limit=settings.churn_limit,
        alerts_file=settings.alerts_file,
        openlineage=settings.openlineage,
        mask_key=settings.mask_key,
    )


def chosen(deployment: Deployment, feeds: Sequence[str]) -> list[FeedContract]:
    """The contracts named on the command line, all when none is. Wrong use when a name is unknown."""
    unknown = [feed for feed in feeds if feed not in deployment.catalog]
    if unknown:
        known = ", ".join(deployment.catalog)
        err.print(f"[red]No contract for {escape(', '.join(unknown))}.[/red] Feeds in force: {known}.")
        raise typer.Exit(WRONG_USE)
    return [deployment.catalog[feed] for feed in feeds] or list(deployment.catalog.values())


def reason_of(text: str, option: str) -> str:
    """Why somebody decides. Wrong use when it is blank: it is written down for whoever asks later."""
    if not text.strip():
        raise typer.BadParameter("say why; it is written down", param_hint=option)
    return text.strip()


def steward_of(context: typer.Context, by: str | None) -> str:
    """Who decides. Wrong use when nobody is named: a decision without a name cannot be asked about."""
    if name := (by or settings_of(context).steward):
        return name
    err.print("Say who decides: --by NAME, or C360_STEWARD in the environment.")
    raise typer.Exit(WRONG_USE)
