"""Build the marts from warehouse.duckdb and hand back what each model and test did.

Belongs here: the build and its result in our words. Does not belong here: SQL (``models/``, ``published_macros.yml``),
what dbt makes of it (``plan.py``) and how that is run (``plan_run.py``), the audit of what was built and its publishing
(``publish.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from warehouse.brief_lines import write_lines
from warehouse.cast_sql import literal
from warehouse.comments import write_comments
from warehouse.connection import (
    LOCK_WAIT_SECONDS,
    marts_path,
    open_marts,
    open_reader,
    remove_database,
    warehouse_path,
    warehouse_work_path,
)
from warehouse.dbt_process import DbtStopped, invoke
from warehouse.history import write_days
from warehouse.plan import plan_for
from warehouse.plan_run import NodeResult, drop_scratch, run_plan
from warehouse.published_macros import create_macros

_MESSAGE_LINES = 3  # the cause stands in the first lines of what dbt says; the rest is the compiled SQL
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class MartTrouble(RuntimeError):
    """A model or a test of the marts failed. The message names each one, what was said, and the next step."""


@dataclass(frozen=True)
class BuildResult:
    """One build: every node in the order in which it was done."""

    nodes: tuple[NodeResult, ...] = field(default_factory=tuple)

    @property
    def failures(self) -> tuple[NodeResult, ...]:
        """The nodes that broke."""
        return tuple(node for node in self.nodes if node.failed)

    def counts(self) -> dict[str, int]:
        """Number of nodes per status word."""
        tally: dict[str, int] = {}
        for node in self.nodes:
            tally[node.status] = tally.get(node.status, 0) + 1
        return tally


def build(home: Path, *, unit_tests: bool = False, wait_seconds: float = LOCK_WAIT_SECONDS) -> BuildResult:
    """Build ``home/marts/customer_360.duckdb`` anew from ``home/warehouse.duckdb`` and test it.

    The marts start from an empty file each time: no table of an earlier shape or snapshot can linger in it.
    ``unit_tests`` adds the tests of the models' logic, which depend on the code and not on the data, so a refresh
    leaves them out.

    The caller has closed its connections to warehouse.duckdb: DuckDB refuses a second handle in one process.
    Raises WarehouseBusy when the warehouse stays locked for ``wait_seconds``, MartTrouble when a model or test fails
    or dbt cannot compile the project; the published file is not touched.
    """
    home = home.resolve()  # dbt works in the project folder and would read a relative path from there
    if not warehouse_path(home).is_file():
        raise MartTrouble(f"{warehouse_path(home)}: no warehouse to build the marts from. Ingest a feed first.")
    # Attaching does not wait for a lock.
    with open_reader(warehouse_path(home), wait_seconds=wait_seconds):
        pass
    marts = marts_path(home)
    marts.parent.mkdir(parents=True, exist_ok=True)
    warehouse_work_path(home).mkdir(parents=True, exist_ok=True)
    remove_database(marts)
    try:
        plan = plan_for(home)
        with _building(home, wait_seconds) as connection:
            nodes = tuple(run_plan(connection, plan))
        if unit_tests:
            nodes += _nodes(invoke(home, ["test", "--select", "test_type:unit", "--no-write-json"]))
    except DbtStopped as stopped:
        raise MartTrouble(f"dbt could not compile the marts: {_first_lines(str(stopped))}") from stopped
    result = BuildResult(nodes)
    if result.failures:
        raise MartTrouble(_trouble(result.failures))
    with open_marts(home, wait_seconds=wait_seconds) as connection:
        _spill_aside(connection, home)
        drop_scratch(connection, plan)
        write_days(connection, home)
        write_comments(connection)
        create_macros(connection)
        write_lines(connection)
    return result


@contextmanager
def _building(home: Path, wait_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """The empty marts, with the warehouse beside them, to be read alone."""
    with open_marts(home, wait_seconds=wait_seconds) as connection:
        if not marts_path(home).is_file():
            # DuckDB hands out the database it already has open under a path, even when the file there is gone.
            raise MartTrouble(f"{marts_path(home)}: this process still has a former file open. Restart it.")
        # Tables are sets of rows; keeping them in the order of their making would cost memory.
        connection.execute("SET preserve_insertion_order = false")
        _spill_aside(connection, home)
        connection.execute(f"ATTACH {literal(str(warehouse_path(home)))} AS warehouse (READ_ONLY)")
        yield connection


def _spill_aside(connection: duckdb.DuckDBPyConnection, home: Path) -> None:
    """What does not fit into memory goes where passing files are, not beside the marts."""
    connection.execute(f"SET temp_directory = {literal(str(warehouse_work_path(home)))}")


def _nodes(run: Any) -> tuple[NodeResult, ...]:
    return tuple(
        NodeResult(
            name=result.node.name,
            kind=str(result.node.resource_type),
            status=str(result.status),
            seconds=result.execution_time,
            message=result.message,
        )
        for result in run.results
    )


def _trouble(failures: tuple[NodeResult, ...]) -> str:
    causes = [f"{node.kind} {node.name}: {_first_lines(node.message or node.status)}" for node in failures]
    step = "Correct the data or the model, then run the refresh again; readers keep the published snapshot."
    return "The marts were not built. " + " ".join(causes) + " " + step


def _first_lines(message: str) -> str:
    lines = [_ANSI.sub("", line).strip() for line in message.splitlines()]
    said = [line for line in lines if line]
    # A model in Python says what went wrong at the end.
    is_python = any(line.startswith("Traceback") for line in said)
    return " ".join(said[-_MESSAGE_LINES:] if is_python else said[:_MESSAGE_LINES])
