"""Have Great Expectations judge the view `checked` of a scratch file: counts for all rules, rows where one is broken.

Belongs here: the dealings with Great Expectations' engine, metrics and results. Does not belong here: what a result
means for the batch (`validation.py`), and pages about it (`docs.py`).

Great Expectations' own walk through a suite works out every figure of every rule, whether or not a row fails, and
builds an expectation's configuration 150 times while it does: most of a second for 24 rules on any data. Here its
expectations say which metrics they need, its engine counts for all of them in a few queries, and each expectation makes
its verdict of the counts. Values, row numbers and the query that finds the rows are for rules that rows break.
"""

from __future__ import annotations

import functools
import gc
import importlib.util
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from expectations.suites import Rule

CHECKED = "checked"  # the scratch file's view of the rows to judge
ROW = "row_number"
SAMPLE_SIZE = 5

# DuckDB's cursor is its connection: the rollback that SQLAlchemy sends when Great Expectations gives a connection back
# would destroy the open result.
_ENGINE: dict[str, Any] = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "connect_args": {"read_only": True},
}
# The metrics for a mere yes or no are counts; the next format shows them and would ask for values, too.
_YES_OR_NO = {"result_format": "BOOLEAN_ONLY"}
_COUNTS = {"result_format": "BASIC"}
_ROWS = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [ROW],
    # Also cuts the lists of failing rows; all of them come from the query instead.
    "partial_unexpected_count": SAMPLE_SIZE,
}


def run_suite(scratch: Path, name: str, rules: Sequence[Rule]) -> Any:
    """Great Expectations' suite result for view `checked`, one result a rule; the file's lock is given back.

    A result counts the rows and those that fail. Where rows fail it also has the query that finds them and a few of
    their values. The result of a rule that could not be run says so in its `exception_info`.
    """
    gx = great_expectations()
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.validator.validation_statistics import calc_validation_statistics

    with _engine(scratch) as engine:
        results = _judged(engine, [_expectation(rule) for rule in rules])
    statistics = calc_validation_statistics(results)._asdict()
    success = statistics.pop("success")
    meta = {"great_expectations_version": gx.__version__}
    return ExpectationSuiteValidationResult(success, results, name, statistics=statistics, meta=meta)


@functools.cache
def great_expectations() -> Any:
    """The package, imported once and for a third less than its import costs.

    It imports scipy.stats for two expectations that no rule uses, and makes a million objects, which the garbage
    collector would look through again and again.
    """
    _import_when_used("scipy.stats")
    gc.disable()
    try:
        import great_expectations
    finally:
        gc.enable()
    # Its children set levels of their own and speak through whatever handler another library put on the root.
    logging.getLogger("great_expectations").propagate = False
    return great_expectations


def _import_when_used(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    # What "from parent import child" looks for first; what it would do otherwise runs the module.
    setattr(sys.modules[parent], child, module)


@contextmanager
def _engine(scratch: Path) -> Iterator[Any]:
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from sqlalchemy.dialects import postgresql

    engine = SqlAlchemyExecutionEngine(connection_string=f"duckdb:///{scratch.resolve()}", **_ENGINE)
    # Great Expectations knows no regular expressions for a dialect called duckdb; DuckDB reads PostgreSQL's operator.
    engine.dialect_module = SimpleNamespace(dialect=postgresql.dialect)
    try:
        engine.load_batch_data(CHECKED, SqlAlchemyBatchData(engine, table_name=CHECKED))
        yield engine
    finally:
        engine.close()


def _expectation(rule: Rule) -> Any:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    meta = {"rule": rule.name, "reason": rule.reason}
    return ExpectationConfiguration(type=rule.expectation, kwargs=dict(rule.kwargs), meta=meta).to_domain_obj()


def _judged(engine: Any, expectations: Sequence[Any]) -> list[Any]:
    """The result of each expectation: from counts, and from the failing rows where there are any."""
    once: dict[Any, Any] = {}
    needed = [
        {name: once.setdefault(metric.id, metric) for name, metric in _needed(expectation, engine, _YES_OR_NO).items()}
        for expectation in expectations
    ]
    metrics, failed = _counted(engine, list(once.values()))
    results = []
    for expectation, counts in zip(expectations, needed, strict=True):
        lacking = next((metric for metric in counts.values() if metric.id not in metrics), None)
        if lacking is not None:
            results.append(_not_run(expectation, _said(lacking, failed) or "it gave no result"))
            continue
        try:
            result = _result(expectation, counts, metrics, _COUNTS)
            if result.result.get("unexpected_count"):
                result = _with_rows(engine, expectation, metrics)
        # Whatever an expectation raises, it is this rule that cannot be run.
        except Exception as error:
            result = _not_run(expectation, str(error))
        results.append(result)
    return results


def _needed(expectation: Any, engine: Any, form: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name → configuration of the metrics that the expectation's result takes in this format."""
    dependencies = expectation.get_validation_dependencies(engine, {"result_format": form})
    needed: Mapping[str, Any] = dependencies.metric_configurations
    return needed


def _counted(engine: Any, needed: Sequence[Any]) -> tuple[dict[Any, Any], Mapping[Any, Any]]:
    """Values and failures of metrics by id; those that they rest on are among them."""
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    calculator = MetricsCalculator(engine)
    metrics, failed = calculator.resolve_validation_graph(calculator.build_metric_dependency_graph(needed))
    return metrics, failed


def _with_rows(engine: Any, expectation: Any, metrics: dict[Any, Any]) -> Any:
    """The result with the query that finds the failing rows; what it rests on is counted already."""
    from great_expectations.validator.validation_graph import ValidationGraph

    needed = _needed(expectation, engine, _ROWS)
    more = [metric for metric in needed.values() if metric.id not in metrics]
    for metric in more:
        ValidationGraph(engine).build_metric_dependency_graph(metric)
    metrics.update(engine.resolve_metrics(more, metrics))
    return _result(expectation, needed, metrics, _ROWS)


def _result(expectation: Any, needed: Mapping[str, Any], metrics: Mapping[Any, Any], form: Mapping[str, Any]) -> Any:
    from great_expectations.core import ExpectationValidationResult

    values = {name: metrics[metric.id] for name, metric in needed.items()}
    told = expectation._validate(values, {"result_format": form})
    return ExpectationValidationResult(**told, expectation_config=expectation.configuration)


def _said(metric: Any, failed: Mapping[Any, Any]) -> str | None:
    """Why a metric has no value: its own failure, or that of one that it rests on."""
    if metric.id in failed:
        return str(failed[metric.id]["exception_info"]["exception_message"])
    return next((said for other in metric.metric_dependencies.values() if (said := _said(other, failed))), None)


def _not_run(expectation: Any, said: str) -> Any:
    from great_expectations.core import ExpectationValidationResult

    info = {"raised_exception": True, "exception_message": said, "exception_traceback": None}
    return ExpectationValidationResult(False, expectation.configuration, exception_info=info)
