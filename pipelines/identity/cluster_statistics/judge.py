"""What a value means: within what is expected, out of it, changed, or of too few to say. Knows no tables.

Chance is reckoned exactly (`chances`), as faults are rare and bases may be small. A change must also be as large as the
declared step, since with a million customers the smallest one is beyond chance.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pipelines.identity.cluster_statistics import chances
from pipelines.identity.cluster_statistics.declared import Statistic
from pipelines.identity.cluster_statistics.measure import Measured

Status = Literal["PASS", "WARN", "FAIL", "UNKNOWN"]

# Of a thousand runs in which nothing changed, one may give an alarm.
FALSE_ALARMS = 0.001
# Customers from which on sizes are steady enough to be held against former ones.
SIZES_BASE = 1000


class Verdict(NamedTuple):
    """A status and the reason in words."""

    status: Status
    note: str


def chance_of(statistics: int) -> float:
    """The probability at which a test rejects, when each of so many statistics is tested twice (Bonferroni)."""
    return FALSE_ALARMS / (2 * statistics)


def judge(statistic: Statistic, now: Measured, former: Measured | None, chance: float) -> Verdict:
    """Hold a value against its range and its former value.

    FAIL: outside the range, and of a share: beyond chance. WARN: changed by its step or more, and of a share: beyond
    chance. UNKNOWN: nothing to hold it against, or too few to say. PASS: all else.
    """
    if now.value is None:
        return Verdict("UNKNOWN", f"there are no {statistic.base_of}")
    few = f"{now.base:,} {statistic.base_of} are too few to say"
    limit = _limit_passed(statistic, now.value)
    if limit is not None and _is_beyond(statistic, now, limit, chance):
        return Verdict("FAIL", f"{statistic.expected} expected")
    if former is not None and _has_changed(statistic, now, former, chance):
        assert former.value is not None  # noqa: S101
        verb = "rose" if now.value > former.value else "fell"
        return Verdict("WARN", f"{verb} from {statistic.shown(former.value)} to {statistic.shown(now.value)}")
    if limit is not None:
        return Verdict("UNKNOWN", f"{statistic.expected} expected, but {few}")
    if now.base < statistic.smallest_base:
        return Verdict("UNKNOWN", f"{few}; {statistic.smallest_base:,} are needed")
    if statistic.has_range:
        return Verdict("PASS", "as expected")
    if former is None or former.value is None:
        return Verdict("UNKNOWN", "there is no former run to hold it against")
    return Verdict("PASS", "no change worth a look")


def _limit_passed(statistic: Statistic, value: float) -> float | None:
    if statistic.highest is not None and value > statistic.highest:
        return statistic.highest
    if statistic.lowest is not None and value < statistic.lowest:
        return statistic.lowest
    return None


def _is_beyond(statistic: Statistic, now: Measured, limit: float, chance: float) -> bool:
    """Whether more than chance took the value past the limit."""
    if not statistic.is_share_of_customers:
        return now.base >= statistic.smallest_base
    assert now.value is not None  # noqa: S101
    tail = chances.as_many if now.value > limit else chances.as_few
    return tail(_cases(now), now.base, limit) < chance


def _has_changed(statistic: Statistic, now: Measured, former: Measured, chance: float) -> bool:
    if statistic.step is None or now.value is None or former.value is None:
        return False
    if statistic.unit == "records":
        low, high = sorted((now.value, former.value))
        return min(now.base, former.base) >= SIZES_BASE and high > statistic.step * low
    if abs(now.value - former.value) < statistic.step:
        return False
    return chances.as_different(_cases(now), now.base, _cases(former), former.base) < chance


def _cases(measured: Measured) -> int:
    return round((measured.value or 0) * measured.base)
