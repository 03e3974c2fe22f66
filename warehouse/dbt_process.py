"""dbt in this process: how it is called, and the files that it reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from warehouse.connection import marts_path, warehouse_path, warehouse_work_path

PROJECT = Path(__file__).resolve().parent
_SUFFIXES = frozenset({".sql", ".yml", ".py"})
_FOLDERS = ("models", "macros", "tests")


class DbtStopped(RuntimeError):
    """dbt ended before it had results. The message is dbt's."""


def invoke(home: Path, arguments: Sequence[str], *, project: Path = PROJECT) -> Any:
    """What a dbt command comes to, run on the warehouse and the marts of a home. Logs and targets lie in ``home/dbt``.

    ``arguments`` are the command and what only it takes. Afterwards both files are free again. Raises DbtStopped.
    """
    # Importing dbt costs seconds, and once there is a plan no refresh needs it.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    variables = {
        "marts_path": str(marts_path(home)),
        "warehouse_path": str(warehouse_path(home)),
        "spill_path": str(warehouse_work_path(home)),
        "project_path": str(PROJECT),
    }
    quiet = ["--log-level", "none", "--log-level-file", "info", "--no-send-anonymous-usage-stats"]
    places = ["--project-dir", str(project), "--profiles-dir", str(project)]
    places += ["--target-path", str(home / "dbt" / "target"), "--vars", json.dumps(variables)]
    try:
        outcome = dbtRunner().invoke([*quiet, "--log-path", str(home / "dbt" / "logs"), *arguments, *places])
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


def make_empty_home(home: Path) -> None:
    """The files that dbt connects to, empty, in an empty folder: for what it makes of the project alone."""
    marts_path(home).parent.mkdir()
    warehouse_work_path(home).mkdir(parents=True)
    duckdb.connect(str(warehouse_path(home))).close()


def project_files() -> list[Path]:
    """The files that dbt reads of the project."""
    files = [PROJECT / "dbt_project.yml", PROJECT / "profiles.yml"]
    return files + [file for folder in _FOLDERS for file in (PROJECT / folder).rglob("*") if file.suffix in _SUFFIXES]
