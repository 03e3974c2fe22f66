"""`c360 sample` as somebody meets it who tries everything out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pipelines.cli import sample  # noqa: F401  (the command adds itself to the app)
from pipelines.settings import Home
from tests.journey_factory import c360

MIDNIGHT = datetime.fromisoformat("2026-11-20T00:00:30+00:00")


def test_a_day_that_has_hardly_begun_is_refused_in_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert c360(home, "sample", "create", "--customers", "20", now=MIDNIGHT).code == 0
    said = c360(home, "sample", "advance", now=MIDNIGHT)
    assert said.code == 1
    assert "2026-11-20, which has hardly begun" in said.err
    assert "c360 --now MOMENT" in said.err
    assert "Traceback" not in said.err
