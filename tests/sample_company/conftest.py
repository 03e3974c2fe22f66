"""One small company for the tests that only look; tests that change it get a copy of their own."""

import shutil
from pathlib import Path

import pytest

from sample_company import company, state
from tests.sample_company.company_reader import CUSTOMERS, START


@pytest.fixture(scope="session")
def first_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company") / "first"
    company.create(folder, customers=CUSTOMERS, seed=11, start=START)
    return folder


@pytest.fixture
def own_company(first_day: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    shutil.copytree(first_day, folder)
    moved = state.load(folder)
    moved.shop_url = f"sqlite:///{folder / 'shop' / 'shop.db'}"
    state.save(moved)
    return folder
