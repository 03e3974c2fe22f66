"""Standard output as JSON lines, for those who collect it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from pipelines.alerts.notice import Notice, Receipt
from pipelines.alerts.notice_json import as_json


@dataclass(frozen=True)
class Stdout:
    """This process's standard output."""

    name: str

    def send(self, notice: Notice) -> Receipt:
        """Write the notice; who reads along sees a repeat twice."""
        try:
            sys.stdout.write(as_json(notice) + "\n")
            sys.stdout.flush()
        except OSError as error:
            return Receipt(False, f"standard output cannot be written: {error.strerror}")
        return Receipt(True, "written")
