"""Pages made from declarations are current, and an edit by hand is noticed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.pages import made_pages, stale_pages
from pipelines.requirements import NAME as REQUIREMENTS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    for page in (*made_pages(DOCS), DOCS / REQUIREMENTS):
        shutil.copy(page, tmp_path / page.name)
    return tmp_path


def test_the_pages_in_docs_are_current() -> None:
    assert list(stale_pages(DOCS)) == []


@pytest.mark.parametrize(
    ("page", "said", "edited"),
    [
        ("data-dictionary.md", "Our lasting identifier", "Some identifier"),
        ("feed-failures.md", "A run that hangs", "A run that sleeps"),
        ("runbook.md", "A run does not end", "A run sleeps"),
        ("requirements.md", "Letters stand in the timeline", "Letters stand in a drawer"),
    ],
)
def test_a_made_part_edited_by_hand_is_noticed_with_its_line(docs: Path, page: str, said: str, edited: str) -> None:
    text = (docs / page).read_text()
    assert said in text
    (docs / page).write_text(text.replace(said, edited, 1))
    (stale,) = stale_pages(docs)
    assert page in stale
    assert edited in stale


def test_what_people_wrote_in_the_runbook_stays_as_it_is(docs: Path) -> None:
    runbook = docs / "runbook.md"
    runbook.write_text(runbook.read_text().replace("# Runbook\n", "# Runbook\n\nOur pager number is 7.\n", 1))
    assert list(stale_pages(docs)) == []
    assert "Our pager number is 7." in made_pages(docs)[runbook]


def test_a_missing_page_is_stale(docs: Path) -> None:
    (docs / "data-dictionary.md").unlink()
    assert [what.splitlines()[0].endswith("does not say what is declared.") for what in stale_pages(docs)] == [True]
