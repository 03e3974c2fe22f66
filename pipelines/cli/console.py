"""How the command speaks: tables and progress on a terminal, plain lines elsewhere, errors that need no traceback."""

from __future__ import annotations

import json
import math
import re
import sqlite3
import sys
import traceback
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from typer.exceptions import TyperException

from connectors.declaration_file import DeclarationError
from pipelines.trouble import is_disk_full

TROUBLE = 1
WRONG_USE = 2

# Packages whose errors are made for people.
OURS = ("connectors", "expectations", "pipelines", "sample_company", "warehouse")

# What DuckDB names when it cannot read what was landed.
LANDED_FILE = re.compile(r"[\"'](/[^\"']*/landing/[^\"']*\.parquet)[\"']")

# A pipe or a log has no width of its own; folding names there would break what people search for.
LOG_WIDTH = 240


# Signs that a terminal obeys, or that turn the order of others around: each as a sign that shows it.
_SHOWN = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"}
_SHOWN |= {0x7F: 0x2421} | dict.fromkeys((*range(0x80, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)


class _Console(Console):
    """A console that values and messages of sources cannot steer."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(text.translate(_SHOWN), **options)


def _console(*, stderr: bool) -> Console:
    # Without emoji: ':x:' in a value is no cross.
    console = _Console(stderr=stderr, highlight=False, soft_wrap=True, emoji=False)
    if not console.is_terminal:
        console.width = LOG_WIDTH
    return console


out = _console(stderr=False)
err = _console(stderr=True)

STATUS_COLOURS = {
    "FRESH": "green",
    "IDLE": "cyan",
    "LATE": "yellow",
    "STALE": "red",
    "PARTIAL": "red",
    "HELD": "red",
    "UNKNOWN": "magenta",
    "NEVER": "magenta",
    "PASS": "green",
    "WARN": "yellow",
    "FAIL": "red",
}
SEVERITY_COLOURS = {"info": "cyan", "warning": "yellow", "error": "red", "critical": "bold red"}


def complain(error: Exception) -> int:
    """Print an error for a person and give the exit code it deserves. Errors that nobody foresaw keep their trace."""
    if isinstance(error, TyperException):
        if hasattr(error, "show"):
            error.show()
        return WRONG_USE
    if isinstance(error, DeclarationError):
        err.print(f"[red]{len(error.problems)} problem(s) in {error.subject}; nothing was run.[/red]")
        for problem in error.problems:
            err.print(escape(str(problem)))
        return WRONG_USE
    if isinstance(error, typer.Abort):
        err.print("Stopped at the question; nothing was done. Answer y, or give --yes.")
        return TROUBLE
    if is_disk_full(error):
        err.print(f"[red]The disk is full: {escape(str(error).splitlines()[0])}. Free space, then run it again.[/red]")
        return TROUBLE
    if isinstance(error, sqlite3.DatabaseError):
        fact = "The ledger in the home folder cannot be used"
        step = "See that this user may write in the home folder and that its disk has space, then run it again."
        if not isinstance(error, sqlite3.OperationalError):
            step = "See c360 doctor."
        err.print(f"[red]{fact}: {escape(str(error))}. {step}[/red]")
        return TROUBLE
    if type(error).__module__ == "_duckdb" and (landed := LANDED_FILE.search(str(error))):
        fact = f"{landed[1]} is damaged or not there ({str(error).splitlines()[0]})"
        err.print(f"[red]{escape(fact)}. Restore its folder from a backup of the home, then run it again.[/red]")
        return TROUBLE
    if isinstance(error, OSError) and error.filename is not None:
        step = "See that the path is right and that this user may use it, then run it again."
        err.print(f"[red]{escape(str(error.filename))}: {error.strerror}. {step}[/red]")
        return TROUBLE
    if isinstance(error, OSError) or type(error).__module__.partition(".")[0] in OURS:
        err.print(f"[red]{escape(str(error))}[/red]")
        return TROUBLE
    traceback.print_exception(error)
    return TROUBLE


def print_json(value: Any) -> None:
    """One JSON document on standard output, for machines; a number that JSON cannot tell (NaN, infinity) is null."""
    sys.stdout.write(json.dumps(_told(value), default=_plain, allow_nan=False, ensure_ascii=False, indent=1) + "\n")


def status_text(status: str) -> str:
    """A status in its colour."""
    return f"[{STATUS_COLOURS.get(status, 'white')}]{status}[/]"


def severity_text(severity: str) -> str:
    """How severe an alert is, in its colour."""
    return f"[{SEVERITY_COLOURS[severity]}]{severity}[/]"


def table(*headings: str, title: str | None = None) -> Table:
    """An empty table in the house style; headings that begin with '#' are numbers, set to the right."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        is_number = heading.startswith("#")
        made.add_column(heading.removeprefix("#"), justify="right" if is_number else "left", overflow="fold")
    return made


def age(span: timedelta | None) -> str:
    """A span in the largest unit that keeps it readable: '4 min', '26 h', '12 d'."""
    if span is None or span < timedelta(minutes=-1):  # of what begins in the future, where the clock was set back
        return "-"
    minutes = span.total_seconds() / 60
    if minutes < 120:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 72 * 60 else f"{minutes / 1440:.0f} d"


def when(moment: datetime | None) -> str:
    """A moment to the minute."""
    return "-" if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def _told(value: object) -> object:
    if isinstance(value, dict):
        return {key: _told(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
