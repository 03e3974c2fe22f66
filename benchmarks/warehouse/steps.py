"""One step on a home, in a process of its own, so that the kernel counts what it alone took. Prints JSON."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from brief_readers import wait_of_readers
from business import add_events

from warehouse import history
from warehouse.answer import answer
from warehouse.connection import marts_path, open_reader, open_warehouse, published_path
from warehouse.declared import mart_tables
from warehouse.masking import write_masked
from warehouse.models import build
from warehouse.publish import audit, publish
from warehouse.questions import questions

_LOOKUPS = 200
_ROWS_SHOWN = 100  # as many as the command shows
_QUIET_SECONDS = 15.0
_INCREMENT = 10_000  # events
_FLOOR = """
SELECT count(*), count(DISTINCT customer_id), max(occurred_at), max(length(summary)) FROM {interaction};
SELECT customer_id, sum(net_amount), max(ordered_at) FROM {fct_order} GROUP BY customer_id;
SELECT * FROM {customer_360} ORDER BY net_amount DESC NULLS LAST LIMIT 100
"""


def build_marts(home: Path) -> dict[str, float]:
    """Seconds of each model of a full build with its tests, one after the other."""
    return {node.name: node.seconds for node in build(home).nodes if node.kind == "model"}


def publish_marts(home: Path) -> dict[str, float]:
    """Seconds of the audit, the swap for readers, and the masked file."""
    times = {}
    began = time.perf_counter()
    report = audit(home)
    times["audit"] = time.perf_counter() - began
    began = time.perf_counter()
    published = publish(home, report)
    times["publish"] = time.perf_counter() - began
    began = time.perf_counter()
    write_masked(home, "benchmark", published.path)
    times["mask"] = time.perf_counter() - began
    return times


def ask(home: Path) -> dict[str, float]:
    """Seconds of each question with its default parameters; those about a customer are asked about one."""
    with open_reader(published_path(home)) as reader:
        ((customer,),) = reader.execute("SELECT max(customer_id) FROM dim_customer").fetchall()
        times = {}
        for name, question in questions().items():
            given = {one.name: customer for one in question.parameters if one.name == "customer"}
            began = time.perf_counter()
            answer(reader, question, given, limit=_ROWS_SHOWN)
            times[name] = time.perf_counter() - began
        return times


def look_up(home: Path) -> dict[str, float]:
    """Median and 99th percentile of the seconds in which one reader has one customer's row."""
    with open_reader(published_path(home)) as reader:
        customers = reader.execute(f"SELECT customer_id FROM dim_customer ORDER BY hash(customer_id) LIMIT {_LOOKUPS}")
        times = []
        for (customer,) in customers.fetchall():
            began = time.perf_counter()
            reader.execute("SELECT * FROM customer_360 WHERE customer_id = ?", [customer]).fetchall()
            times.append(time.perf_counter() - began)
    return {"median": statistics.median(times), "p99": statistics.quantiles(times, n=100)[98]}


def read_floor(home: Path) -> dict[str, float]:
    """Seconds of three plain queries over the same rows: on the marts, and on the tables written as Parquet."""
    with tempfile.TemporaryDirectory(dir=home) as folder, open_reader(published_path(home)) as reader:
        names = [table.name for table in mart_tables() if "{" + table.name + "}" in _FLOOR]
        for name in names:
            reader.execute(f"COPY {name} TO '{folder}/{name}.parquet' (FORMAT parquet)")
        times = {}
        for place, where in (("marts", "{}"), ("parquet", f"'{folder}/{{}}.parquet'")):
            statement = _FLOOR.format(**{name: where.format(name) for name in names})
            began = time.perf_counter()
            for query in statement.split(";"):
                reader.execute(query).fetchall()
            times[place] = time.perf_counter() - began
        return times


def copy_floor(home: Path) -> dict[str, float]:
    """Seconds in which DuckDB copies the tables of the marts as they are: no masked file can be written in less."""
    with tempfile.TemporaryDirectory(dir=home) as folder, duckdb.connect(f"{folder}/copy.duckdb") as connection:
        connection.execute(f"ATTACH '{published_path(home)}' AS built (READ_ONLY)")
        began = time.perf_counter()
        for table in mart_tables():
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
            connection.execute(f"CREATE TABLE {table.qualified} AS FROM built.{table.qualified}")
        return {"copy": time.perf_counter() - began}


def increment(home: Path) -> dict[str, float]:
    """Seconds of what a refresh does after events have been staged, but for identity."""
    add_events(home, events=_INCREMENT)
    times = {}
    began = time.perf_counter()
    with open_warehouse(home) as connection:
        history.remember(connection, published_path(home))
    times["remember"] = time.perf_counter() - began
    began = time.perf_counter()
    build(home)
    times["build"] = time.perf_counter() - began
    return times | publish_marts(home)


def read_briefs(home: Path) -> dict[str, float]:
    """What readers wait for a brief when nothing else happens."""
    return wait_of_readers(home, lambda: time.sleep(_QUIET_SECONDS))


def read_briefs_while_publishing(home: Path) -> dict[str, float]:
    """What readers wait for a brief while the marts are audited, published and masked by who yields to them.

    What was published stands for the next build, whose writing is long over.
    """
    shutil.copyfile(published_path(home), marts_path(home))
    os.sync()

    def publish_behind_readers() -> None:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))  # as `chrt --idle 0` does
        publish_marts(home)

    return wait_of_readers(home, publish_behind_readers)


STEPS: dict[str, Callable[[Path], Any]] = {
    "build": build_marts,
    "publish": publish_marts,
    "questions": ask,
    "lookup": look_up,
    "briefs": read_briefs,
    "briefs while publishing": read_briefs_while_publishing,
    "floor of questions": read_floor,
    "floor of masking": copy_floor,
    "increment": increment,
}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](Path(sys.argv[2]).resolve())))
