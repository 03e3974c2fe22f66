"""People who open one customer after another while others do the same: how long each waits for the brief."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.brief import customer_brief
from warehouse.connection import open_reader, published_path

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier, Event

READERS = 8
# Who has opened a customer reads, and speaks with them.
PAUSE_SECONDS = 1.0
_CUSTOMERS_EACH = 500


def wait_of_readers(home: Path, meanwhile: Callable[[], object]) -> dict[str, float]:
    """Median, 99th percentile and longest of the seconds of a brief, of READERS processes while something happens.

    Every reader has its file open and asks for another customer each time.
    """
    fresh = multiprocessing.get_context("spawn")  # a fork would share the publisher's open files
    stopped, ready, told = fresh.Event(), fresh.Barrier(READERS + 1), fresh.Queue()
    readers = [
        fresh.Process(target=_read, args=(published_path(home), number, ready, stopped, told))
        for number in range(READERS)
    ]
    for reader in readers:
        reader.start()
    ready.wait()
    try:
        meanwhile()
    finally:
        stopped.set()
    times = [seconds for _ in readers for seconds in told.get()]
    for reader in readers:
        reader.join()
    return {"median": statistics.median(times), "p99": statistics.quantiles(times, n=100)[98], "longest": max(times)}


def _read(published: Path, number: int, ready: Barrier, stopped: Event, told: Queue[list[float]]) -> None:
    times = []
    with open_reader(published) as connection:
        customers = connection.execute(
            "SELECT customer_id FROM dim_customer ORDER BY hash(customer_id) LIMIT ? OFFSET ?",
            [_CUSTOMERS_EACH, number * _CUSTOMERS_EACH],
        ).fetchall()
        customer_brief(connection, customers[0][0])  # the first one reads the catalog
        ready.wait()
        stopped.wait(PAUSE_SECONDS * number / READERS)
        for (customer,) in customers[1:]:
            began = time.perf_counter()
            customer_brief(connection, customer)
            times.append(time.perf_counter() - began)
            if stopped.wait(PAUSE_SECONDS):
                break
    told.put(times)
