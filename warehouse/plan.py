"""What dbt makes of the models: SQL of every model and test in the order in which they run.

Of building a small company's marts DuckDB's part is a seventh, and dbt's own work at each node the rest. So dbt
compiles the project once, and the build runs what it compiled. A plan depends on the project's files alone and serves
every home; it is kept beside the project where that may be written, and in the home where it may not.

Belongs here: asking dbt for the plan and keeping it. Does not belong here: running it (``plan_run.py``).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict, dataclass
from functools import lru_cache
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from warehouse.dbt_process import PROJECT, DbtStopped, invoke, make_empty_home, project_files

_TOOLS = ("dbt-core", "dbt-duckdb")
_BESIDE_THE_PROJECT = PROJECT / "target" / "plans"
Kind = Literal["table", "view", "python"]


@dataclass(frozen=True)
class Column:
    """A column as a model's contract declares it.

    ``is_varied`` of one whose values mostly differ: keys, and what is declared so (``meta: {varied: true}``).
    """

    name: str
    data_type: str
    is_required: bool
    is_varied: bool


@dataclass(frozen=True)
class Model:
    """One model. ``code`` is SQL, or Python of a model in Python; ``needs`` are models that must be there first.

    ``columns`` are those of its contract, none where it has no enforced one. ``is_scratch`` of one that only other
    models read.
    """

    name: str
    schema: str
    kind: Kind
    code: str
    columns: tuple[Column, ...]
    needs: tuple[str, ...]
    is_scratch: bool


@dataclass(frozen=True)
class Test:
    """One test of data: a query whose rows are failures. ``is_warning`` of one that does not stop the build."""

    name: str
    code: str
    needs: tuple[str, ...]
    is_warning: bool


@dataclass(frozen=True)
class Plan:
    """Models in the order in which they are built, and the tests of what was built."""

    models: tuple[Model, ...]
    tests: tuple[Test, ...]


def plan_for(home: Path) -> Plan:
    """The plan of the project as its files are now. Raises DbtStopped when dbt cannot make one."""
    return _plan(_state(project_files()), home)


@lru_cache(maxsize=1)
def _plan(state: str, home: Path) -> Plan:
    kept = (_BESIDE_THE_PROJECT / f"plan-{state}.json", home / "dbt" / f"plan-{state}.json")
    for file in kept:
        if file.is_file():
            return _read(file)
    plan = _compiled()
    for file in kept:
        try:
            _write(plan, file)
        except OSError:
            continue  # an installed project is read only
        break
    return plan


def _state(files: Iterable[Path]) -> str:
    """What stands for the files that dbt reads, where they are, and the versions that read them."""
    digest = hashlib.sha256(repr([(name, version(name)) for name in _TOOLS]).encode())
    for file in sorted(files):
        digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def _compiled() -> Plan:
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        make_empty_home(home)
        outcome = invoke(home, ["compile", "--no-write-json", "--no-populate-cache"])
    nodes = {result.node.unique_id: result.node for result in outcome.results}
    models = {name: node for name, node in nodes.items() if node.resource_type == "model"}
    tests = {name: node for name, node in nodes.items() if node.resource_type == "test"}
    keys = {(test.attached_node, test.column_name) for test in tests.values() if _is_of_a_key(test)}
    sorter = TopologicalSorter({name: _needs(node, models) for name, node in sorted(models.items())})
    return Plan(
        tuple(_model(models[name], models, keys) for name in sorter.static_order()),
        tuple(_test(test, models) for _, test in sorted(tests.items())),
    )


def _needs(node: Any, models: Mapping[str, Any]) -> list[str]:
    return [name for name in node.depends_on.nodes if name in models]


def _is_of_a_key(test: Any) -> bool:
    # Tests in files of their own have no such metadata.
    metadata = getattr(test, "test_metadata", None)
    return metadata is not None and metadata.name == "unique"


def _model(node: Any, models: Mapping[str, Any], keys: Set[tuple[str, str]]) -> Model:
    config = node.config
    kind: Kind = "python" if node.language == "python" else config.materialized
    if kind not in ("table", "view", "python") or config.pre_hook or config.post_hook:
        raise DbtStopped(f"model {node.name} is a {config.materialized}, or has hooks: a plan holds tables and views.")
    columns = [
        Column(
            column.name,
            column.data_type,
            any(one.type == "not_null" for one in column.constraints),
            (node.unique_id, column.name) in keys or bool(column.config.meta.get("varied")),
        )
        for column in node.columns.values()
        if config.contract.enforced
    ]
    needs = tuple(models[name].name for name in _needs(node, models))
    is_scratch = bool(config.meta.get("scratch"))
    return Model(node.name, node.schema, kind, node.compiled_code, tuple(columns), needs, is_scratch)


def _test(node: Any, models: Mapping[str, Any]) -> Test:
    needs = tuple(models[name].name for name in _needs(node, models))
    return Test(node.name, node.compiled_code, needs, node.config.severity.lower() == "warn")


def _write(plan: Plan, file: Path) -> None:
    """Whole or not at all: another process may look for it at the same moment. Plans of former files go."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for former in file.parent.glob("plan-*.json"):
        former.unlink(missing_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    fresh.replace(file)


def _read(file: Path) -> Plan:
    kept = json.loads(file.read_text(encoding="utf-8"))
    models = [
        Model(
            **model
            | {"needs": tuple(model["needs"]), "columns": tuple(Column(**column) for column in model["columns"])}
        )
        for model in kept["models"]
    ]
    return Plan(tuple(models), tuple(Test(**test | {"needs": tuple(test["needs"])}) for test in kept["tests"]))
