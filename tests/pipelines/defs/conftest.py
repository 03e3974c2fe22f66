"""Dagster waits a minute before it repeats a step; tests do not."""

import dagster as dg
import pytest

from pipelines.defs import feeds


@pytest.fixture(autouse=True)
def _one_retry_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "RETRIES", dg.RetryPolicy(max_retries=1, delay=0))
