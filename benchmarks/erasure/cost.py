"""What a command of `c360` costs, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TextIO

from pipelines.settings import Home


@dataclass(frozen=True)
class Cost:
    """Usage of one command by the kernel's count; memory is the peak resident set. `told` is what stdout was told."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    told: str


def run(home: Home, now: datetime, *arguments: str) -> Cost:
    """Run a command against a home. Ends the program when it fails; an erasure that still finds something does not."""
    # Without a file to run Python counts as interactive, and DuckDB would draw its progress on what is told.
    command = [str(Path(sys.executable).with_name("c360"))]
    command += ["--home", str(home.root), "--now", now.isoformat(), *arguments]
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as beside:
        child = subprocess.Popen(command, stdout=told, stderr=beside)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said, said_beside = _whole(told), _whole(beside)
    if child.returncode and not (arguments[0] == "erase" and child.returncode == 1):
        raise SystemExit(f"{arguments[0]} ended with {child.returncode}:\n{said}{said_beside}")
    return Cost(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def _whole(written: TextIO) -> str:
    written.seek(0)
    return written.read()
