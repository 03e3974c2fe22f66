"""DuckDB in memory, for one piece of work at a time.

Setting up a DuckDB costs 25 ms of CPU, which is more than most deliveries need; a session on one that is there costs
nothing. Sessions have temporary tables, registered data and settings of their own, and share threads and the limit of
memory, so that feeds which land side by side stay within it together.
"""

from __future__ import annotations

from functools import cache

import duckdb

# Pieces of JSON are too small to share; idle threads cost more than they bring.
_SINGLE_THREADED: dict[str, bool | int | float | str | list[str]] = {"threads": 1}


def open_session() -> duckdb.DuckDBPyConnection:
    """A session for data that come from files and go to files. Who opens it closes it, and makes no lasting table."""
    return _kept().cursor()


def open_single_threaded_session() -> duckdb.DuckDBPyConnection:
    """The same for work in small pieces, on a DuckDB of its own whose queries run in the thread that asks."""
    return _kept_single_threaded().cursor()


@cache
def _kept() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@cache
def _kept_single_threaded() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config=_SINGLE_THREADED)
