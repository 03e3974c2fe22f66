"""Several things at once: NumPy, Arrow and rapidfuzz leave other threads to run while they work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

# More threads than this only crowd the memory.
THREADS = min(4, os.cpu_count() or 1)


def each(task: Callable[[Thing], Result], things: Iterable[Thing]) -> list[Result]:
    """Results of a task for each thing, in order; at most THREADS of them are in work."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(task, things))


def both(one: Callable[[], Thing], other: Callable[[], Result]) -> tuple[Thing, Result]:
    """Results of two tasks that need nothing of each other."""
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(other)
        return one(), beside.result()
