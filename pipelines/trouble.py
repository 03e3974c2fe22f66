"""Trouble that is not one feed's: names the thing, the fact and the next step."""

from __future__ import annotations

import errno
from pathlib import Path


class Trouble(Exception):
    """Work could not be done. The message is for people: thing, fact, next step."""

    def __init__(self, thing: str, fact: str, next_step: str) -> None:
        self.thing, self.fact, self.next_step = thing, fact.rstrip("."), next_step
        super().__init__(f"{thing}: {self.fact}. {next_step}")


class NothingThere(Trouble):
    """A command that reads a home, or decides on what is there, found no such file: neither it nor a folder is made."""

    def __init__(self, path: Path, fact: str) -> None:
        super().__init__(str(path), fact, "Check --home or C360_HOME, or run c360 sync first.")


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of the machine, of DuckDB or of SQLite says that there is no space left."""
    is_told = any(words in str(error) for words in ("No space left", "disk is full"))
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or is_told
