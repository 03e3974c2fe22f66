"""Which statistics there are and what is expected of them, from `declared.yml`. Nothing is measured here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

DECLARATION = Path(__file__).with_name("declared.yml")


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """One figure over all customers; the keys are explained in `declared.yml`."""

    name: str
    meaning: str
    alert: str
    unit: Literal["share", "records"]
    base_of: str
    smallest_base: int
    among: str | None = None
    counted: str | None = None
    value: str | None = None
    base: str | None = None
    lowest: float | None = None
    highest: float | None = None
    reason: str | None = None
    step: float | None = None

    @property
    def is_share_of_customers(self) -> bool:
        """Whether each customer counts once, on its own: then chance can be reckoned with."""
        return self.among is not None

    @property
    def has_range(self) -> bool:
        """Whether a lowest or highest value is expected."""
        return self.lowest is not None or self.highest is not None

    def shown(self, value: float | None) -> str:
        """A value as people read it: '0.63%', '42', '-' for none."""
        if value is None:
            return "-"
        return f"{100 * value:.3g}%" if self.unit == "share" else f"{value:,.4g}"

    @property
    def expected(self) -> str:
        """The range as people read it; '-' where the company decides."""
        if self.lowest is None:
            return "-" if self.highest is None else f"at most {self.shown(self.highest)}"
        return (
            f"{self.shown(self.lowest)} or more"
            if self.highest is None
            else (f"{self.shown(self.lowest)} to {self.shown(self.highest)}")
        )


@cache
def statistics() -> tuple[Statistic, ...]:
    """Read the declared statistics, once a process."""
    declared = yaml.safe_load(DECLARATION.read_text(encoding="utf-8"))
    return tuple(Statistic(name=name, **entry) for name, entry in declared.items())
