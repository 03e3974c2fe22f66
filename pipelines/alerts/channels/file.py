"""A file of JSON lines, one for each notice: what remains when nothing else can be reached."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.alerts.notice import Notice, Receipt
from pipelines.alerts.notice_json import as_json, message_key


@dataclass(frozen=True)
class File:
    """One file, made with its folder when it is needed."""

    name: str
    path: Path

    def send(self, notice: Notice) -> Receipt:
        """Append the notice and wait until the disk has it; one that is there already is not written again."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                file.seek(0)
                last = b"\n"
                for last in file:
                    if _key_of(last) == message_key(notice):
                        return Receipt(True, "it was there already")
                # A kill may have torn the last line.
                torn = b"" if last.endswith(b"\n") else b"\n"
                file.write(torn + as_json(notice).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            return Receipt(False, f"the file cannot be written: {error.strerror}")
        return Receipt(True, "written")


def _key_of(line: bytes) -> str | None:
    try:
        facts = json.loads(line)
        return f"{facts['fingerprint']}:{facts['version']}:{facts['event']}"
    except (ValueError, KeyError, TypeError):
        return None
