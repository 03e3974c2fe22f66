"""Rows of orders as numbers only, and their column profiles: enough to damage them and to see it in the profiles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.ledger.profiles import ColumnProfile

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
COUNTRIES = ("DE", "AT", "CH", "FR")
COUNTRY_SHARES = (0.6, 0.25, 0.11, 0.04)
DAY = 86_400.0
DIRT = 0.01  # share of values that are bad in one way or another
# Share of rows that were never here, and of those that come late: most of these are corrections.
NEW, NEW_IN_FULL, LATE_NEW = 0.64, 0.015, 0.1


@dataclass(frozen=True)
class Rows:
    """One batch. Ages are seconds from event to arrival; `account`, `country` and `status` are codes."""

    at: datetime
    age: Floats
    amount: Floats
    discount: Floats
    account: npt.NDArray[np.int64]
    country: npt.NDArray[np.int64]
    status: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    no_email: Flags
    no_code: Flags
    damaged: Flags
    is_new: Flags

    @property
    def count(self) -> int:
        """Rows."""
        return len(self.age)

    def having(self, **changed: Any) -> Rows:
        """These rows with some columns changed."""
        return replace(self, **changed)

    def where(self, kept: Flags) -> Rows:
        """Those of the rows that are kept."""
        columns = {name: getattr(self, name)[kept] for name in self.__dataclass_fields__ if name != "at"}
        return replace(self, **columns)


def draw_rows(
    rng: np.random.Generator, count: int, at: datetime, shift: float, *, is_file: bool, late: float, new: float = NEW
) -> Rows:
    """Rows as they usually come; `shift` moves all shares of the day, `late` is the share of old rows, `new` of new."""
    age = rng.exponential(600.0, count) if not is_file else rng.uniform(0.0, DAY, count)
    old = rng.random(count) < late
    age[old] += rng.lognormal(np.log(20 * DAY), 0.8, int(old.sum()))
    amount = np.exp(rng.normal(np.log(60.0), 0.8, count))
    amount[rng.random(count) < DIRT / 2] = 0.0
    return Rows(
        at=at,
        age=age,
        amount=np.round(amount, 2),
        discount=np.where(rng.random(count) < _moved(0.2, shift), np.round(amount * 0.1, 2), 0.0),
        account=rng.integers(0, 40_000, count),
        country=rng.choice(len(COUNTRIES), count, p=_shares(rng, shift)),
        status=rng.choice(4, count, p=(0.5, 0.3, 0.15, 0.05)),
        length=np.clip(rng.normal(16, 4, count).round().astype(int), 3, 40),
        no_email=rng.random(count) < _moved(0.03, shift),
        no_code=rng.random(count) < _moved(0.85, shift),
        damaged=rng.random(count) < DIRT / 3,
        is_new=rng.random(count) < np.where(old, LATE_NEW, new),
    )


def profiles_of(rows: Rows, batch_id: str) -> dict[str, ColumnProfile]:
    """What staging would write down of the columns."""
    n = rows.count
    if not n:
        return {}
    longest = int(rows.length.max())
    codes = np.bincount(rows.account)
    lengths = np.convolve(np.bincount(rows.length), [1, 1])[: longest + 1]  # of a length and one shorter
    text = {
        "common_length": int(lengths.argmax()),
        "at_common_length": int(lengths.max()),
        "longest": longest,
        "at_longest": int((rows.length == longest).sum()),
        "damaged": int(rows.damaged.sum()),
        "questioned": int(rows.damaged.sum()) // 3,
    }
    arrived = rows.at.timestamp()
    events = arrived - rows.age
    hours = np.bincount((events // 3600 % 24).astype(int), minlength=24)
    facts: dict[str, dict[str, Any]] = {
        "account_id": {"distinct": int((codes > 0).sum()), "top": 1, "top_count": int(codes.max())},
        "email": {
            "nulls": int(rows.no_email.sum()),
            "distinct": len(np.unique(rows.account[~rows.no_email])),
            "top": 2,
            "top_count": 1,
        },
        "street": {"distinct": n, "top": 3, "top_count": 1, **text},
        "discount_code": {"nulls": int(rows.no_code.sum()), "distinct": 5, **_top(rows.status[~rows.no_code])},
        "country": {"distinct": 4, **_top(rows.country), "segments": _segments(rows)},
        "status": {"distinct": 4, **_top(rows.status)},
        "ordered_at": {
            "distinct": n,
            "top": 4,
            "top_count": 1,
            "low": float(events.min()),
            "high": float(events.max()),
            "hours": tuple(int(one) for one in hours),
            "age_p95": float(np.quantile(rows.age, 0.95)),
            "new_ages": _by_powers(rows.age[rows.is_new]),
        },
        "total_amount": _numbers(rows.amount),
        "discount_amount": _numbers(rows.discount),
    }
    return {column: ColumnProfile(batch_id, column, n, **({"nulls": 0} | found)) for column, found in facts.items()}


def _numbers(values: Floats) -> dict[str, Any]:
    q05, q50, q95 = (float(one) for one in np.quantile(values, (0.05, 0.5, 0.95)))
    zeros = int((values == 0).sum())
    return {
        "distinct": len(values),
        "top": 5,
        "top_count": max(zeros, 1),
        "low": float(values.min()),
        "high": float(values.max()),
        "q05": q05,
        "q50": q50,
        "q95": q95,
        "mean": float(values.mean()),
        "zeros": zeros,
    }


def _top(codes: npt.NDArray[np.int64]) -> dict[str, int]:
    counts = np.bincount(codes, minlength=1)
    return {"top": int(counts.argmax()), "top_count": int(counts.max())}


def _segments(rows: Rows) -> dict[str, int]:
    counts = np.bincount(rows.country, minlength=len(COUNTRIES))
    return {COUNTRIES[code]: int(count) for code, count in enumerate(counts) if count}


def _by_powers(ages: Floats) -> tuple[int, ...]:
    """How many are up to 2^k hours and over 2^(k-1), at k."""
    powers = np.ceil(np.log2(np.maximum(ages / 3600, 1))).astype(int)
    return tuple(int(count) for count in np.bincount(powers))


def _moved(share: float, shift: float) -> float:
    """A share moved by so many logits."""
    return float(1 / (1 + np.exp(-(np.log(share / (1 - share)) + shift))))


def _shares(rng: np.random.Generator, shift: float) -> Floats:
    shares = np.array(COUNTRY_SHARES) * np.exp(shift * np.array([1, -1, 0.5, 0]) + rng.normal(0, 0.05, 4))
    return np.asarray(shares / shares.sum())
