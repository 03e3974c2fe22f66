"""Try again what another try can help: bounded, with growing pauses, honouring a source that says how long to wait.

Only a FeedTrouble marked `is_retryable` is tried again. What a failure means is decided where it is seen, in the
source's own module.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from connectors.delivery import FeedTrouble

Answer = TypeVar("Answer")

ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 120.0  # a source that asks for more is left to the next scheduled sync


class PleaseWait(FeedTrouble):
    """A FeedTrouble whose source said how many seconds to wait before the next try."""

    def __init__(self, feed: str, fact: str, next_step: str, *, seconds: float, kind: str) -> None:
        self.seconds = seconds
        super().__init__(feed, fact, next_step, kind=kind, is_retryable=True)


def with_retries(
    action: Callable[[], Answer], *, feed: str, sleep: Callable[[float], None], attempts: int = ATTEMPTS
) -> Answer:
    """The answer of `action`, tried at most `attempts` times.

    Pauses double from half a second, each stretched by up to half again. The stretch depends on the feed and the
    attempt, so that feeds of one source do not return in step and a run can still be repeated exactly.

    Raises:
        FeedTrouble: not retryable, or still there at the last attempt; a wait longer than two minutes is not waited.
    """
    stretch = random.Random(feed)  # noqa: S311 - spreads load, protects nothing
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except FeedTrouble as trouble:
            asked = trouble.seconds if isinstance(trouble, PleaseWait) else 0.0
            if not trouble.is_retryable or attempt == attempts or asked > LONGEST_PAUSE_SECONDS:
                raise
            pause = FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
            sleep(max(pause, asked) + pause * stretch.random() / 2)
    raise AssertionError("attempts must be at least 1")
