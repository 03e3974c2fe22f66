"""What can go wrong while landing on our own side, as troubles of the feed: fact and next step."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.delivery import FeedTrouble
from pipelines.ledger.leases import LeaseHeld, LeaseLost
from pipelines.trouble import is_disk_full

_AGAIN = "Nothing half-landed is left. Correct the cause and run c360 sync again."


def storage_trouble(feed: str, error: BaseException) -> FeedTrouble | None:
    """The trouble behind an error of the machine (disk full, no permission), or None when it is not of that kind."""
    if is_disk_full(error):
        return FeedTrouble(
            feed,
            "the disk of the home folder is full",
            "Free space there and run c360 sync again; nothing half-landed is left.",
            kind="storage",
            is_retryable=True,
        )
    if getattr(error, "errno", None) in (errno.EACCES, errno.EPERM, errno.EROFS):
        return FeedTrouble(
            feed,
            f"the home folder cannot be written: {error}",
            "Give this user the right to write there and run c360 sync again.",
            kind="storage",
        )
    return None


@contextmanager
def storage_told(feed: str) -> Iterator[None]:
    """Turn errors of the machine into troubles of the feed."""
    try:
        yield
    except OSError as error:
        trouble = storage_trouble(feed, error)
        if trouble is None:
            raise
        raise trouble from error


def machine_trouble(feed: str, error: BaseException) -> FeedTrouble:
    """What stopped a landing that neither source nor contract explain."""
    storage = storage_trouble(feed, error)
    if storage is not None:
        return storage
    return FeedTrouble(feed, f"landing stopped: {_words(error)}", _AGAIN, kind="broken")


def stopped_trouble(feed: str, error: BaseException) -> FeedTrouble:
    """A landing that was ended from outside: it did not read its source to the end, whatever it had landed."""
    if isinstance(error, LeaseLost):
        return lease_trouble(feed, error)
    return FeedTrouble(feed, f"landing was stopped: {_words(error)}", _AGAIN, kind="stopped")


def lease_trouble(feed: str, refusal: LeaseHeld | LeaseLost) -> FeedTrouble:
    """A run that was turned away because of another one."""
    if isinstance(refusal, LeaseLost):
        return FeedTrouble(feed, str(refusal), "Run c360 sync again.", kind="fenced", is_retryable=True)
    fact = f"another sync is at work on it ({refusal.holder})"
    step = "It will land what is new; run c360 status to see when it is done."
    return FeedTrouble(feed, fact, step, kind="busy", is_retryable=True)


def backfill_trouble(feed: str, fact: str) -> FeedTrouble:
    """A backfill that cannot be."""
    return FeedTrouble(
        feed, f"it cannot be read again from a date: {fact}", "Run c360 sync without --from.", kind="contract"
    )


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
