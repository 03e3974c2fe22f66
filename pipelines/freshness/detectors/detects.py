"""Which failures a detector looks for, said where it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Detector = TypeVar("Detector", bound=Callable[..., Any])
_FAILURES = "failures"


def detects(*failures: str) -> Callable[[Detector], Detector]:
    """Mark a detector with the names of the failures that it looks for."""

    def mark(detector: Detector) -> Detector:
        setattr(detector, _FAILURES, failures)
        return detector

    return mark


def failures_of(detector: Callable[..., Any]) -> tuple[str, ...]:
    """The failures that a detector looks for."""
    found: tuple[str, ...] = getattr(detector, _FAILURES)
    return found
