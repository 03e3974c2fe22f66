from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from expectations.suites import EntityFacts
from expectations.validation import validate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FACTS = EntityFacts(
    "none",
    {"id": "VARCHAR", "state": "VARCHAR", "secret": "VARCHAR"},
    key=("id",),
    enums={"state": ("new", "old"), "secret": ("x",)},
    masked=frozenset({"secret"}),
)


def judge(folder: Path, feed: str, batch_id: str, state: str) -> None:
    scratch = folder / "scratch.duckdb"
    scratch.unlink(missing_ok=True)
    with duckdb.connect(str(scratch)) as connection:
        connection.execute(
            "CREATE TABLE checked AS SELECT 1::BIGINT AS row_number, 'a' AS id, ? AS state, 'Ann Smith' AS secret",
            [state],
        )
    validate(scratch, FACTS, feed=feed, batch_id=batch_id, now=NOW, docs_folder=folder / "docs")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two feeds, the first judged twice."""
    folder = tmp_path_factory.mktemp("docs")
    judge(folder, "shop.orders", "b1", "new")
    judge(folder, "till.orders", "t1", "new")
    judge(folder, "shop.orders", "b2", "broken")
    return folder / "docs"


def test_a_page_shows_failing_values_but_no_personal_ones(site):
    page = (site / "shop.orders.html").read_text()
    assert "broken" in page
    assert "Ann Smith" not in page


def test_pages_load_nothing_from_the_network(site):
    for page in site.glob("*.html"):
        assert re.findall(r"(?:src|href|url\()[=\"'\s]*https?:", page.read_text()) == []


def test_only_the_latest_page_of_a_feed_is_kept_and_the_index_names_every_feed(site):
    assert sorted(path.name for path in site.iterdir()) == [
        "index.html", "shop.orders.html", "shop.orders.json", "till.orders.html", "till.orders.json",
    ]  # fmt: skip
    index = (site / "index.html").read_text()
    assert re.findall(r'href="([^"]+)"', index) == ["shop.orders.html", "till.orders.html"]
    assert "<td>b2</td>" in index
    assert "<td>b1</td>" not in index
    assert '<td class="failed">2</td>' in index


def test_a_page_says_when_the_batch_was_judged_by_the_clock_of_its_run(site: Path) -> None:
    page = (site / "shop.orders.html").read_text("utf-8")
    assert "2026-11-22T12:00:00Z" in page
    assert "__none__" not in page
