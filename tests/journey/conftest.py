"""The whole way, on a real small company: two days of sources, an outage, a contract mended, and what readers see.

The stages are brought about once for all files of this folder, in the order in which a company lives through them;
tests only read. What is expected comes from the company's own counts and from its source systems, read by other means
than the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journey.life import Life, Repeat, release_under_a_mended_contract, sync_again, sync_in_an_outage, two_days
from tests.journey_factory import DAY_TWO, Company, Stage, running_company


@pytest.fixture(scope="session")
def co(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    with running_company(tmp_path_factory.mktemp("journey")) as made:
        yield made


@pytest.fixture(scope="session")
def life(co: Company) -> Life:
    return two_days(co)


@pytest.fixture(params=["day_one", "day_two"])
def day(request: pytest.FixtureRequest, life: Life) -> Stage:
    stage: Stage = getattr(life, request.param)
    return stage


@pytest.fixture(scope="session")
def repeat(co: Company, life: Life) -> Repeat:
    return sync_again(co)


@pytest.fixture(scope="session")
def outage(co: Company, life: Life, repeat: Repeat) -> Stage:
    return sync_in_an_outage(co)


@pytest.fixture(scope="session")
def recovered(co: Company, outage: Stage) -> Stage:
    return co.stage("recovered", co.c360("sync", now=DAY_TWO))


@pytest.fixture(scope="session")
def mended(co: Company, recovered: Stage, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """The last stage: what commands show is what is there after it."""
    return release_under_a_mended_contract(co, tmp_path_factory.mktemp("contracts"))
