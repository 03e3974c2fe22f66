"""A channel that cannot be used yet: what it is asked to tell waits, and goes to the second channel in time."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.alerts.notice import Notice, Receipt


@dataclass(frozen=True)
class Unready:
    """A channel of the plan whose variables are not set."""

    name: str
    fact: str

    def send(self, notice: Notice) -> Receipt:  # noqa: ARG002  (a channel is asked so)
        """Say what is missing."""
        return Receipt(False, self.fact)
