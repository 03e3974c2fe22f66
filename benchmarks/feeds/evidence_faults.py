"""Faults of contents and volume, put into the rows of batches that would have been clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from rows import DAY, Rows

Damage = Callable[[np.random.Generator, Rows, float], Rows]


@dataclass(frozen=True)
class Fault:
    """One way to damage a batch; `severity` is the share of rows that it hits. `told` are the failures that fit it.

    `severities` are those at which it makes sense. `is_frozen`: rows come unchanged. `lag`: they are so much older when
    they arrive.
    """

    name: str
    told: tuple[str, ...]
    damage: Damage = lambda _rng, rows, _severity: rows
    severities: tuple[float, ...] = (0.2, 0.5, 1.0)
    is_frozen: bool = False
    lag: timedelta = timedelta(0)


def _some(rng: np.random.Generator, rows: Rows, severity: float) -> np.ndarray:  # type: ignore[type-arg]
    return rng.random(rows.count) < severity


def _nulls(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    return rows.having(no_email=rows.no_email | _some(rng, rows, severity))


def _zeros(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    return rows.having(amount=np.where(_some(rng, rows, severity), 0.0, rows.amount))


def _default(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    return rows.having(account=np.where(_some(rng, rows, severity), 1, rows.account))


def _cut(_rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    """Cut where the given share of texts is longer."""
    return rows.having(length=np.minimum(rows.length, int(np.quantile(rows.length, 1 - severity))))


def _factor(factor: float) -> Damage:
    def damage(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
        hit = _some(rng, rows, severity)
        return rows.having(
            amount=np.where(hit, rows.amount * factor, rows.amount),
            discount=np.where(hit, rows.discount * factor, rows.discount),
        )

    return damage


def _old(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    return rows.having(age=rows.age + np.where(_some(rng, rows, severity), 150 * DAY, 0.0))


def _shift(_rng: np.random.Generator, rows: Rows, _severity: float) -> Rows:
    return rows.having(age=rows.age + 5.5 * 3600)


def _hide(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    """Hide the greatest country, or so much of it."""
    return rows.where(~((rows.country == 0) & _some(rng, rows, severity)))


def _merge(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    """Accounts of the rows that are hit are put together by the hundred."""
    return rows.having(account=np.where(_some(rng, rows, severity), rows.account // 4_000, rows.account))


def _one_country(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    return rows.having(country=np.where(_some(rng, rows, severity), 3, rows.country))


def _fewer(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    return rows.where(~_some(rng, rows, severity))


def _more(rng: np.random.Generator, rows: Rows, severity: float) -> Rows:
    """Three times the rows at severity 1, of other accounts."""
    again = np.resize(np.arange(rows.count), round(rows.count * (1 + 2 * severity)))
    columns = {name: getattr(rows, name)[again] for name in rows.__dataclass_fields__ if name != "at"}
    return rows.having(**columns | {"account": rng.integers(0, 40_000, len(again))})


FAULTS = (
    Fault("nulls", ("null_flood",), _nulls),
    Fault("zeros", ("default_flood", "drift"), _zeros),
    Fault("one account for many", ("default_flood", "keys_merged"), _default),
    Fault("texts cut", ("cut_text",), _cut),
    Fault("amounts ×100", ("unit_changed",), _factor(100.0)),
    Fault("amounts ×0.01", ("unit_changed",), _factor(0.01)),
    Fault("amounts ×0.92", ("unit_changed",), _factor(0.92), (1.0,)),
    Fault("events 150 days older", ("old_events",), _old),
    Fault("times +5 h 30", ("shifted_times", "old_events"), _shift, (1.0,)),
    Fault("greatest country hidden", ("scope_narrowed", "unusual_volume"), _hide),
    Fault("accounts merged", ("keys_merged",), _merge),
    Fault("share of a country", ("drift",), _one_country),
    Fault("rows unchanged", ("frozen",), is_frozen=True),
    Fault("fewer rows", ("unusual_volume",), _fewer, (0.2, 0.5, 0.8)),
    Fault("three times the rows", ("unusual_volume",), _more, (0.2, 0.5, 1.0)),
    Fault("lag of 12 h", ("slowing",), severities=(1.0,), lag=timedelta(hours=12)),
)
