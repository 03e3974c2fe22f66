"""dbt in this process: one invocation, after which both of its files are free again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from warehouse.connection import marts_path, warehouse_path

PROJECT = Path(__file__).resolve().parent


def invoke(home: Path, arguments: list[str], *, project: Path = PROJECT) -> Any:
    """Run dbt on the warehouse and the marts of a home; its outcome. Logs and targets lie under ``home/dbt``.

    ``arguments`` are the command and what only it takes.
    """
    # Importing dbt costs seconds, and most refreshes find nothing to build.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    variables = {
        "marts_path": str(marts_path(home)),
        "warehouse_path": str(warehouse_path(home)),
        "spill_path": str(home / "work"),
    }
    quiet = ["--log-level", "none", "--log-level-file", "info", "--no-send-anonymous-usage-stats"]
    places = [
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(project),
        "--target-path",
        str(home / "dbt" / "target"),
    ]
    log = ["--log-path", str(home / "dbt" / "logs")]
    try:
        return dbtRunner().invoke([*quiet, *log, *arguments, *places, "--vars", json.dumps(variables)])
    finally:
        # dbt-duckdb keeps one environment for the whole process. Closing it writes the marts file out in full
        # and lets go of both files, so that publishing may copy one and the next writer may open the other.
        with DuckDBConnectionManager._LOCK:
            if DuckDBConnectionManager._ENV is not None:
                DuckDBConnectionManager._ENV.close()
                DuckDBConnectionManager._ENV = None
