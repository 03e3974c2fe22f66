"""The site is one file, made of the declarations alone."""

from __future__ import annotations

import pytest

from warehouse.questions import questions
from warehouse.site import write_site


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site") / "docs"
    file = write_site(folder)
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    return file.read_text(encoding="utf-8")


def test_it_tells_columns_sources_and_lineage(page: str) -> None:
    for told in (
        "Consent to marketing over all live accounts and registrations",
        "model.customer_360.dim_customer_history",
        "source.customer_360.staging.orders",
        "source.customer_360.history.baseline",
    ):
        assert told in page


def test_every_question_stands_at_the_end_of_its_lineage(page: str) -> None:
    for name in questions():
        assert f"exposure.customer_360.{name}" in page
