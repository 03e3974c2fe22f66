"""A file of JSON lines, one for each notice: what remains when nothing else can be reached."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.alerts.notice import Notice, Receipt
from pipelines.alerts.notice_json import as_json, message_key

# Some thousand notices. The ledger keeps all of them; the file is for who has nothing else.
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class File:
    """One file, made with its folder when it is needed. When it is full it becomes the former one (`.1`)."""

    name: str
    path: Path

    def send(self, notice: Notice) -> Receipt:
        """Append the notice and wait until the disk has it; one that is there already is not written again."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            former = self.path.with_name(f"{self.path.name}.1")
            written = _bytes_of(self.path)
            lines = [*_bytes_of(former).splitlines(), *written.splitlines()]
            if message_key(notice) in map(_key_of, lines):
                return Receipt(True, "it was there already")
            if len(written) >= MOST_BYTES:
                self.path.replace(former)
                written = b""
            # A kill may have torn the last line.
            torn = b"" if not written or written.endswith(b"\n") else b"\n"
            with self.path.open("ab") as file:
                file.write(torn + as_json(notice).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return Receipt(False, f"the file cannot be written: {error.strerror}")
        return Receipt(True, "written")


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _key_of(line: bytes) -> str | None:
    try:
        facts = json.loads(line)
        return f"{facts['fingerprint']}:{facts['version']}:{facts['event']}"
    except (ValueError, KeyError, TypeError):
        return None
