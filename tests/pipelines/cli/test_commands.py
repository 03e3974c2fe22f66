from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from pipelines.cli import COMMANDS, app


def written_in(command: Any) -> Iterator[str]:
    """The modules of a command, or of a group's commands."""
    if commands := getattr(command, "commands", None):
        for one in commands.values():
            yield from written_in(one)
    else:
        # A command's callback is Typer's, wrapped around the function.
        yield command.callback.__wrapped__.__module__.rpartition(".")[2]


def test_every_command_names_the_modules_in_which_it_is_written() -> None:
    for module in {module for modules in COMMANDS.values() for module in modules}:
        importlib.import_module(f"pipelines.cli.{module}")
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {name: set(written_in(command)) for name, command in commands.items()} == {
        name: set(modules) for name, modules in COMMANDS.items()
    }


def test_a_command_for_readers_imports_none_of_what_a_sync_needs(tmp_path: Path) -> None:
    code = (
        "import atexit, sys; from pipelines.cli import main;"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr)); main()"
    )
    # The home has the name of a command, and is none.
    done = subprocess.run(
        [sys.executable, "-c", code, "query", "SELECT 1", "--home", "sync"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.returncode == 1
    said, imported = done.stderr.rsplit("\n", 2)[:2]
    assert "nothing is published yet" in said
    assert "pipelines.cli.query" in imported.split()
    assert not {"pandas", "scipy", "httpx", "phonenumbers", "pipelines.cli.sync"} & set(imported.split())
