"""The command `c360`. Reads arguments, calls plain functions, prints what they say; decides nothing itself.

Exit codes: 0 all current, no alert open; 1 trouble in the work, named, or an open alert; 2 wrong use or a wrong
contract; 130 stopped by the user.
"""

from __future__ import annotations

import atexit
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from pipelines.cli.app import GLOBAL_OPTIONS, app, global_options_first
from pipelines.cli.console import complain
from pipelines.settings import silence_telemetry

STOPPED = 130  # 128 + SIGINT, as shells have it
# Command → modules of this package that add it and its subcommands to the app when they are imported.
COMMANDS: dict[str, tuple[str, ...]] = {
    "alerts": ("alerts", "alert_channels", "alert_figures"),
    "ask": ("ask",),
    "customer": ("customer",),
    "demo": ("demo",),
    "docs": ("docs",),
    "doctor": ("doctor",),
    "erase": ("erase",),
    "export": ("export",),
    "feeds": ("feeds", "feeds_status", "sources"),
    "identity": ("identity",),
    "metrics": ("metrics",),
    "quarantine": ("quarantine",),
    "query": ("query",),
    "refresh": ("sync",),
    "rematch": ("rematch",),
    "resolve": ("resolve",),
    "review": ("review",),
    "sample": ("sample",),
    "status": ("status",),
    "sync": ("sync",),
    "unmerge": ("unmerge",),
    "watch": ("watch",),
}
# From Ctrl-C until the process ends whatever its main thread does.
STOP_SECONDS = 3.0


def main() -> None:
    """Entry point of the command `c360`."""
    silence_telemetry()
    signal.signal(signal.SIGINT, _interrupt)
    arguments = global_options_first(sys.argv[1:])
    try:
        import_commands(arguments)
        code = app(arguments, standalone_mode=False)
    except KeyboardInterrupt:
        code = STOPPED
    except Exception as error:
        _leave(complain(error))
    if code == STOPPED:  # Typer, too, turns Ctrl-C into this code
        _stop()
    _leave(code if isinstance(code, int) else 0)


def import_commands(arguments: Sequence[str] = ()) -> None:
    """Import the command that the arguments name; all of them where they name none, as when help is asked for."""
    command = _command(arguments)
    for name in [command] if command in COMMANDS else COMMANDS:
        for module in COMMANDS[name]:
            importlib.import_module(f"pipelines.cli.{module}")


def _command(arguments: Sequence[str]) -> str | None:
    """The first word that is neither a global option nor the value of one."""
    words = iter(arguments)
    for word in words:
        if word in GLOBAL_OPTIONS:
            next(words, None)
        elif not word.startswith(tuple(f"{option}=" for option in GLOBAL_OPTIONS)):
            return word
    return None


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt, and see that the process ends: a destructor or a callback may swallow the exception."""
    timer = threading.Timer(STOP_SECONDS, _stop)
    timer.daemon = True
    timer.start()
    raise KeyboardInterrupt


def _stop() -> NoReturn:
    # Work in progress is made to be killed: what is not committed is swept by the next run.
    sys.stderr.write("\nStopped. Nothing half-landed or half-published is left; run c360 sync to go on.\n")
    _leave(STOPPED, is_stopped=True)


def _leave(code: int, *, is_stopped: bool = False) -> NoReturn:
    """End the process without taking the interpreter down piece by piece.

    DuckDB's binding reports its own left-over references there, in fifty lines that help nobody; and a thread that
    waits for a source would keep a stopped command alive, as would libraries that wait for their threads on exit.
    """
    if not is_stopped:
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is where who started the command closed it
            stream.flush()
    os._exit(code)


__all__ = ["app", "main"]
