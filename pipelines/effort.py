"""What work costs in time: seconds that passed, and processor time of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Effort:
    """The cost of one piece of work up to now; the clocks are the stopwatch's."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch, self._began = stopwatch, stopwatch.wall()
        self.cpu_seconds = 0.0

    def milliseconds(self) -> tuple[int, int]:
        """Wall and processor time since it began, in whole milliseconds."""
        self._stopwatch.share_out()
        return round((self._stopwatch.wall() - self._began) * 1000), round(self.cpu_seconds * 1000)


class Stopwatch:
    """Measures pieces of work that may run side by side.

    The processor time of the process, threads of DuckDB's among it, is shared out equally among those under way: parts
    are estimates while there are several, their sum is exact.
    """

    def __init__(
        self, wall: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.process_time
    ) -> None:
        self.wall, self._cpu = wall, cpu
        self._shared_at = 0.0
        self._under_way: list[Effort] = []
        self._lock = threading.RLock()

    @contextmanager
    def measured(self) -> Iterator[Effort]:
        """The effort of what is done in the block."""
        effort = Effort(self)
        with self._lock:
            self.share_out()
            self._under_way.append(effort)
        try:
            yield effort
        finally:
            with self._lock:
                self.share_out()
                self._under_way.remove(effort)

    def share_out(self) -> None:
        """Give what was used since the last time to those under way."""
        with self._lock:
            now = self._cpu()
            for effort in self._under_way:
                effort.cpu_seconds += (now - self._shared_at) / len(self._under_way)
            self._shared_at = now
