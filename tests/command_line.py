"""The command `c360` with everything that it can do, made once for all tests of a process."""

from __future__ import annotations

from functools import cache

from typer.core import TyperGroup
from typer.main import get_group

from pipelines.cli import import_commands
from pipelines.cli.app import app


@cache
def command_line() -> TyperGroup:
    """All commands, as help shows them."""
    import_commands()
    return get_group(app)
