"""What a reading asks of its source: requests made, and bytes that came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass
class Meter:
    """Counts HTTP requests with their retries, SQL statements, or files opened; and bytes as they came over the wire.

    ``byte_count`` is None of a database, whose driver does not tell. One reading writes to it at a time.
    """

    requests: int = 0
    byte_count: int | None = 0

    def asked(self, byte_count: int = 0) -> None:
        """One request was made, and this came for it."""
        self.requests += 1
        if self.byte_count is not None:
            self.byte_count += byte_count


class MeteredConnection:
    """A DBAPI connection whose cursors are for one statement each, and counted."""

    def __init__(self, connection: Any, meter: Meter) -> None:
        self._connection, self._meter = connection, meter
        meter.byte_count = None

    def cursor(self) -> Any:
        """A cursor of the connection."""
        self._meter.asked()
        return self._connection.cursor()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
