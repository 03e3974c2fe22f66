"""Folders for what passes: each is its user's alone, and what a killed run left goes with the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pipelines.settings import Home


@contextmanager
def scratch_folder(home: Home) -> Iterator[Path]:
    """A new empty folder in the home for the length of the block.

    Whoever uses one holds its lock (flock, 2). The system lets go of that when a process ends, however it ends, so a
    folder that nobody holds is one that a killed run left.
    """
    place = home.work / "passing"
    place.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        # Nobody sweeps between the making of a folder and its lock.
        with _locked(place):
            for former in place.iterdir():
                with suppress(BlockingIOError), _locked(former, fcntl.LOCK_NB):
                    shutil.rmtree(former, ignore_errors=True)
            folder = Path(tempfile.mkdtemp(dir=place))
            held.enter_context(_locked(folder))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


@contextmanager
def _locked(folder: Path, patience: int = 0) -> Iterator[None]:
    """Hold the lock of a folder; with LOCK_NB raises BlockingIOError when another has it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | patience)
        yield
    finally:
        os.close(handle)
