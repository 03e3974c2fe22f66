"""`c360 sample` as somebody meets it who tries everything out."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from pipelines.settings import Home
from tests.journey_factory import c360

MIDNIGHT = datetime.fromisoformat("2026-11-20T00:00:30+00:00")


def test_a_day_that_has_hardly_begun_is_refused_in_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert c360(home, "sample", "create", "--customers", "50", now=MIDNIGHT).code == 0
    said = c360(home, "sample", "advance", now=MIDNIGHT)
    assert said.code == 1
    assert "2026-11-20, which has hardly begun at 2026-11-20 00:00 UTC." in said.err
    assert "c360 --now MOMENT" in said.err
    assert "Traceback" not in said.err


def test_a_company_too_small_for_all_its_systems_is_refused_with_the_smallest_that_is_not(tmp_path: Path) -> None:
    said = c360(Home(tmp_path / "home"), "sample", "create", "--customers", "5", now=MIDNIGHT)
    assert said.code == 2
    assert "greater than or equal to 50" in said.err
    assert not (tmp_path / "home").exists()


def test_a_day_that_went_by_is_told_in_rows(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert c360(home, "sample", "create", "--customers", "50", now=MIDNIGHT).code == 0
    said = c360(home, "sample", "advance", now=MIDNIGHT.replace(hour=18))
    assert said.code == 0
    assert re.fullmatch(
        r"At the company it is 2026-11-20 18:00 UTC: \d+ rows were written, \d+ deleted; \d+ came late\.\n", said.out
    )
