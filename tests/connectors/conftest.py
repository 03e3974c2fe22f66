from collections.abc import Iterator

import pytest

from tests.connectors.rest_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()
