"""dbt in this process: how it is called, and what it has read of the project, which is kept until a file changes.

Reading the project takes dbt as long as building the marts of a small home.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from warehouse.connection import marts_path, warehouse_path

PROJECT = Path(__file__).resolve().parent
_SUFFIXES = frozenset({".sql", ".yml", ".py"})
_FOLDERS = ("models", "macros", "tests")

# State of the project's files → dbt's manifest of them: at most one.
_read: dict[frozenset[tuple[str, int, int]], Any] = {}


class DbtStopped(RuntimeError):
    """dbt ended before it had results. The message is dbt's."""


def run_build(home: Path, *, full: bool, unit_tests: bool) -> Any:
    """dbt's results of building the marts of a home. ``full`` reads the project anew and writes dbt's manifest.json.

    Raises DbtStopped when there are no results.
    """
    wanted = [] if unit_tests else ["--exclude-resource-type", "unit_test"]
    return invoke(home, ["build", *wanted, "--no-write-json"], manifest=_manifest(home, full=full))


def invoke(home: Path, arguments: Sequence[str], *, project: Path = PROJECT, manifest: Any = None) -> Any:
    """What a dbt command comes to, run on the warehouse and the marts of a home. Logs and targets lie in ``home/dbt``.

    ``arguments`` are the command and what only it takes; ``manifest`` is what dbt knows of the project already.
    Afterwards both files are free again. Raises DbtStopped.
    """
    # Importing dbt costs seconds, and most refreshes find nothing to build.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    variables = {
        "marts_path": str(marts_path(home)),
        "warehouse_path": str(warehouse_path(home)),
        "spill_path": str(home / "work"),
        "project_path": str(PROJECT),
    }
    quiet = ["--log-level", "none", "--log-level-file", "info", "--no-send-anonymous-usage-stats"]
    places = ["--project-dir", str(project), "--profiles-dir", str(project)]
    places += ["--target-path", str(home / "dbt" / "target"), "--vars", json.dumps(variables)]
    try:
        outcome = dbtRunner(manifest=manifest).invoke(
            [*quiet, "--log-path", str(home / "dbt" / "logs"), *arguments, *places]
        )
    finally:
        # dbt-duckdb keeps one environment for the whole process. Closing it writes the marts file out in full
        # and lets go of both files, so that publishing may copy one and the next writer may open the other.
        with DuckDBConnectionManager._LOCK:
            if DuckDBConnectionManager._ENV is not None:
                DuckDBConnectionManager._ENV.close()
                DuckDBConnectionManager._ENV = None
    if outcome.exception is not None:
        raise DbtStopped(str(outcome.exception)) from outcome.exception
    return outcome.result


def _manifest(home: Path, *, full: bool) -> Any:
    """What dbt knows of the project, which dbt allows to be used again (dbt docs, "Programmatic invocations")."""
    state = _state()
    if full or state not in _read:
        # The manifest says only what the code says; writing it costs as much as a third of a small build.
        how = ["--no-partial-parse", "--write-json"] if full else ["--no-write-json"]
        manifest = invoke(home, ["parse", *how])
        _read.clear()
        _read[state] = manifest
    return _read[state]


def _state() -> frozenset[tuple[str, int, int]]:
    """Name, time and size of each file that dbt reads."""
    files = [PROJECT / "dbt_project.yml", PROJECT / "profiles.yml"]
    files += [file for folder in _FOLDERS for file in (PROJECT / folder).rglob("*") if file.suffix in _SUFFIXES]
    return frozenset((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)
