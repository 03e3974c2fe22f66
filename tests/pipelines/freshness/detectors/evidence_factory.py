"""Runs in a row, and what a source said in each of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from connectors.contract import FeedContract
from pipelines.freshness.finding import Finding
from pipelines.freshness.history import Run, SourceAnswer
from tests.pipelines.freshness.history_factory import NOON, a_run

QUARTER = timedelta(minutes=15)


def only(findings: Iterable[Finding]) -> Finding:
    """The one finding of a detector on one feed."""
    (found,) = findings
    return found


def ago(quarters: int) -> datetime:
    """So many quarters of an hour before noon."""
    return NOON - quarters * QUARTER


def an_answer(run: Run, newest: str | None = None, rows: int | None = None) -> SourceAnswer:
    """What the source said of itself when the run asked it."""
    return SourceAnswer(run.run_id, run.started_at, "sqlite:shop", None, rows, newest)


def a_failed_run(at: datetime, kind: str, status: str = "FAILED") -> Run:
    """A run that ended in a trouble of a kind."""
    return a_run(at, status, error_kind=kind, error=f"{kind} it was")


def changed(contract: FeedContract, **parts: object) -> FeedContract:
    """A contract with parts of it replaced."""
    return contract.model_copy(update=parts)
