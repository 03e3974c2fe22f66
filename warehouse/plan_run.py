"""Running a plan: every model into the marts, then every test of what was built.

Belongs here: SQL of building one model, and what each model and test did. Does not belong here: where the SQL comes
from (``plan.py``).
"""

from __future__ import annotations

import time
from collections.abc import Set
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

import duckdb

from warehouse.cast_sql import quoted
from warehouse.plan import Column, Model, Plan, Test

if TYPE_CHECKING:
    from collections.abc import Iterator

# Most statements keep one core busy for much of their time, and what two at once need still fits into memory.
_AT_ONCE = 2
_FAILED = frozenset({"error", "fail", "runtime error"})


class ContractBroken(ValueError):
    """A model's columns are not those that its file declares."""


@dataclass(frozen=True)
class NodeResult:
    """What one model or test did."""

    name: str
    kind: str  # 'model', 'test' or 'unit_test'
    status: str  # in dbt's words: success, pass, warn, fail, error, skipped
    seconds: float
    message: str | None = None

    @property
    def failed(self) -> bool:
        """True when the node broke; a node skipped because of another one did not."""
        return self.status in _FAILED


def run_plan(connection: duckdb.DuckDBPyConnection, plan: Plan) -> Iterator[NodeResult]:
    """Build all models in an empty file to which the warehouse is attached, and test them.

    Each is done as soon as what it needs is there, some at once, models before tests. What needs a model that failed is
    skipped. Results come as they are ready.
    """
    for schema in sorted({model.schema for model in plan.models}):
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
    nodes: tuple[Model | Test, ...] = (*plan.models, *plan.tests)
    order = TopologicalSorter({number: [] for number in range(len(nodes))})
    number_of = {model.name: number for number, model in enumerate(plan.models)}
    for number, node in enumerate(nodes):
        order.add(number, *(number_of[name] for name in node.needs))
    order.prepare()
    absent: set[str] = set()
    ready: list[int] = []
    running: dict[Future[NodeResult], tuple[int, duckdb.DuckDBPyConnection]] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            while order.is_active():
                ready = sorted([*ready, *order.get_ready()])
                while ready and len(running) < _AT_ONCE:
                    node, cursor = nodes[number := ready.pop(0)], connection.cursor()
                    running[pool.submit(_done, cursor, node, absent & {*node.needs})] = number, cursor
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    number, cursor = running.pop(future)
                    cursor.close()
                    result = future.result()
                    absent |= {result.name} if result.kind == "model" and result.status != "success" else set()
                    order.done(number)
                    yield result
        finally:
            for _, cursor in running.values():
                cursor.interrupt()


def drop_scratch(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Drop the tables that only other models read."""
    for model in plan.models:
        if model.is_scratch:
            connection.execute(f"DROP TABLE {_place(model)}")


def _done(connection: duckdb.DuckDBPyConnection, node: Model | Test, missing: Set[str]) -> NodeResult:
    kind = "model" if isinstance(node, Model) else "test"
    if missing:
        return NodeResult(node.name, kind, "skipped", 0.0, f"needs {', '.join(sorted(missing))}")
    began = time.perf_counter()
    try:
        status, message = _build(connection, node) if isinstance(node, Model) else _tested(connection, node)
    except (duckdb.Error, ContractBroken) as error:
        status, message = "error", str(error)
    return NodeResult(node.name, kind, status, time.perf_counter() - began, message)


def _build(connection: duckdb.DuckDBPyConnection, model: Model) -> tuple[str, str | None]:
    if model.kind == "python":
        _build_python(connection, model)
    elif model.kind == "view":
        connection.execute(f"CREATE VIEW {_place(model)} AS {model.code}")
        _hold(_columns(connection, f"FROM {_place(model)}"), _declared(connection, model))
    elif not model.columns:
        connection.execute(f"CREATE TABLE {_place(model)} AS {model.code}")
    else:
        declared = ", ".join(_column_definition(column) for column in model.columns)
        connection.execute(f"CREATE TABLE {_place(model)} ({declared})")
        _hold(_columns(connection, model.code), _columns(connection, f"FROM {_place(model)}"))
        connection.execute(f"INSERT INTO {_place(model)} BY NAME {model.code}")
    return "success", None


def _column_definition(column: Column) -> str:
    is_required = " NOT NULL" if column.is_required else ""
    return f"{quoted(column.name)} {column.data_type}{_compression(column)}{is_required}"


def _compression(column: Column) -> str:
    """Of texts that differ DuckDB would make a dictionary in vain: that takes twice the time, and more room.

    Ids by which readers find one customer stay as they are: comparing those of a part of a table would unpack it.
    """
    if not column.is_varied or column.data_type.upper() != "VARCHAR":
        return ""
    return f" USING COMPRESSION {'uncompressed' if column.name == 'customer_id' else 'zstd'}"


def _build_python(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """A model in Python as dbt compiles it: `model` makes a table, `dbtObj` hands it the tables that it reads."""
    made: dict[str, Any] = {"__name__": f"model_{model.name}"}
    exec(compile(model.code, f"{model.name}.py", "exec"), made)  # noqa: S102  the project's own code, as dbt runs it
    found = made["model"](made["dbtObj"](lambda relation: connection.sql(f"FROM {relation}")), connection)
    connection.register("made_by_python", found)
    connection.execute(f"CREATE TABLE {_place(model)} AS FROM made_by_python")
    connection.unregister("made_by_python")


def _tested(connection: duckdb.DuckDBPyConnection, test: Test) -> tuple[str, str | None]:
    ((failures,),) = connection.execute(f"SELECT count(*) FROM ({test.code})").fetchall()
    if not failures:
        return "pass", None
    return "warn" if test.is_warning else "fail", f"{failures} rows fail it"


def _declared(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, str]:
    listed = ", ".join(f"CAST(NULL AS {column.data_type}) AS {quoted(column.name)}" for column in model.columns)
    return _columns(connection, f"SELECT {listed}")


def _columns(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, str]:
    """Column → type of a query's result."""
    return {row[0]: row[1] for row in connection.execute(f"DESCRIBE {sql}").fetchall()}


def _hold(found: dict[str, str], declared: dict[str, str]) -> None:
    """Hold a model to its contract."""
    for name in {**declared, **found}:
        if found.get(name) != declared.get(name):
            raise ContractBroken(
                f"column {name} is {found.get(name, 'absent')}, and declared {declared.get(name, 'nowhere')}: "
                "correct the model or its contract"
            )


def _place(model: Model) -> str:
    return f"{quoted(model.schema)}.{quoted(model.name)}"
