"""Leases with fencing tokens: two runs never work on one thing, and a run that lost its lease cannot commit.

The token idea is M. Kleppmann's ("How to do distributed locking", 2016): it only grows, and whoever commits shows it.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import psutil

from pipelines.ledger.database import Ledger, moment, stamp

# A holder on another host that has not renewed for this long is held to be dead. On the same host its process is asked.
FOREIGN_HOLDER_TIMEOUT = timedelta(minutes=10)


@dataclass(frozen=True)
class Lease:
    """Proof that its holder may work on `resource`, for as long as no newer token was given out."""

    resource: str
    token: int


class LeaseHeld(Exception):
    """Somebody else works on it. `holder` says who and since when."""

    def __init__(self, resource: str, holder: str) -> None:
        self.resource, self.holder = resource, holder
        super().__init__(f"{resource} is being worked on by {holder}")


class LeaseLost(Exception):
    """A newer token was given out: what this holder wanted to commit is refused."""


def acquire(ledger: Ledger, resource: str, *, now: datetime) -> Lease:
    """Take the lease on `resource`, also from a holder that is dead.

    Raises:
        LeaseHeld: its holder is alive.
    """
    me = psutil.Process()
    with ledger.transaction() as connection:
        row = connection.execute("SELECT * FROM lease WHERE resource = ?", (resource,)).fetchone()
        if row is not None and row["holder"] is not None and _is_alive(row, now):
            since = row["acquired_at"][:19].replace("T", " ")
            raise LeaseHeld(resource, f"process {row['pid']} on {row['host']} since {since} UTC")
        token = 1 if row is None else row["token"] + 1
        host = socket.gethostname()
        connection.execute(
            "INSERT OR REPLACE INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (resource, token, f"{host}/{me.pid}", host, me.pid, me.create_time(), stamp(now), stamp(now)),
        )
    return Lease(resource, token)


def release(ledger: Ledger, lease: Lease) -> None:
    """Give the lease back; a lease that was lost stays with its new holder."""
    ledger.write("UPDATE lease SET holder = NULL WHERE resource = ? AND token = ?", lease.resource, lease.token)


@contextmanager
def held(
    ledger: Ledger, resource: str, *, clock: Callable[[], datetime], patience: timedelta, sleep: Callable[[float], None]
) -> Iterator[Lease]:
    """Hold the lease on `resource` for a block, waiting up to `patience` for a living holder.

    Raises:
        LeaseHeld: it was still held after `patience`.
    """
    waited = timedelta(0)
    pause = timedelta(seconds=0.2)
    while True:
        try:
            lease = acquire(ledger, resource, now=clock())
            break
        except LeaseHeld:
            if waited >= patience:
                raise
            sleep(pause.total_seconds())
            waited += pause
    try:
        yield lease
    finally:
        release(ledger, lease)


def renew(ledger: Ledger, lease: Lease, now: datetime) -> None:
    """Say that the holder still gets on with its work; a lease that was lost stays as it is."""
    ledger.write(
        "UPDATE lease SET renewed_at = ? WHERE resource = ? AND token = ?", stamp(now), lease.resource, lease.token
    )


def is_held(ledger: Ledger, resource: str, now: datetime) -> bool:
    """Whether somebody who is alive works on `resource` now."""
    row = ledger.row("SELECT * FROM lease WHERE resource = ?", resource)
    return row is not None and row["holder"] is not None and _is_alive(row, now)


def record_refusal(ledger: Ledger, feed: str, reason: Literal["held", "lost"], holder: str, now: datetime) -> None:
    """Write down that a run was turned away because of another one."""
    ledger.write("INSERT INTO lease_refusal VALUES (?, ?, ?, ?)", feed, reason, holder, stamp(now))


def check(ledger: Ledger, lease: Lease) -> None:
    """Call inside the transaction that commits.

    Raises:
        LeaseLost: a newer token exists.
    """
    row = ledger.row("SELECT token, holder FROM lease WHERE resource = ?", lease.resource)
    if row is None or row["token"] != lease.token or row["holder"] is None:
        raise LeaseLost(f"{lease.resource}: another run took over while this one worked. Nothing was committed.")


def _is_alive(row: sqlite3.Row, now: datetime) -> bool:
    host, pid, started = row["host"], row["pid"], row["process_started"]
    if host != socket.gethostname():
        renewed = moment(row["renewed_at"])
        return renewed is not None and now - renewed < FOREIGN_HOLDER_TIMEOUT
    try:
        # A process number is used again after a while; its start time is not.
        return abs(psutil.Process(pid).create_time() - started) < 1.0 and _is_running(pid)
    except psutil.NoSuchProcess:
        return False


def _is_running(pid: int) -> bool:
    return pid == os.getpid() or psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
