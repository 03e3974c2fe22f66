"""The rules for one entity: hand-written expectations from `entities/*.json`, and those that follow from its schema.

Belongs here: building the list of rules; plain data, no Great Expectations import. Does not belong here: running them
(`validation.py`). What the schema says already (keys, required columns, closed sets, types) is derived and never
written into a suite again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

SUITE_FOLDER = Path(__file__).parent / "entities"

# A business that has no records from before 1900 or after 2100 has only mistakes there: 0001, 0202, 9999.
EARLIEST_MOMENT = "1900-01-01 00:00:00"
FIRST_IMPOSSIBLE_MOMENT = "2100-01-01 00:00:00"
# A missing time that a program has turned into number zero.
SENTINEL_MOMENT = "1970-01-01 00:00:00"
# In units of any currency; above the yearly revenue of every company, and reached by misplaced decimal points.
IMPOSSIBLE_AMOUNT = 1_000_000_000_000
_WIDE_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")

Severity = Literal["stop", "tell"]


class SuiteTrouble(ValueError):
    """A suite file is wrong: names the file, the rule, the fact and the next step."""


@dataclass(frozen=True)
class EntityFacts:
    """What the rules must know of one entity as one feed serves it. `mapped` names the columns that the feed fills."""

    entity: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    required: tuple[str, ...] = ()
    enums: Mapping[str, Sequence[str]] = field(default_factory=dict)
    event_time: str | None = None
    masked: frozenset[str] = frozenset()
    mapped: frozenset[str] | None = None

    def fills(self, column: str) -> bool:
        """Whether the feed fills this column; rules about other columns would pass without looking at anything."""
        return column in self.types and (self.mapped is None or column in self.mapped)


@dataclass(frozen=True)
class Rule:
    """One expectation with a lasting name. stop: the row is quarantined. tell: the row goes on and is counted."""

    name: str
    expectation: str
    kwargs: Mapping[str, Any]
    severity: Severity
    reason: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule reads."""
        named = (self.kwargs.get(argument) for argument in ("column", "column_A", "column_B"))
        return tuple(column for column in named if column is not None)


def rules_for(facts: EntityFacts, *, now: datetime, future_limit: timedelta) -> list[Rule]:
    """Every rule that applies to the feed: derived ones first, then the suite file's, in its order.

    A moment later than `now` + `future_limit` lies in the future. A suite file may say "{now}" and "{future_limit}".

    Raises:
        SuiteTrouble: a rule's name occurs twice, it has no severity or reason, or it names an unknown column.
    """
    moments = {"{now}": _moment(now), "{future_limit}": _moment(now + future_limit)}
    written = [_with_moments(rule, moments) for rule in load_suite(facts.entity)]
    for rule in written:
        unknown = [column for column in rule.columns if column not in facts.types]
        if unknown:
            raise SuiteTrouble(
                f"expectations/entities/{facts.entity}.json: rule '{rule.name}' names {', '.join(unknown)}, which "
                f"entity {facts.entity} does not have. Correct the rule or the entity."
            )
    rules = [*_derived(facts, moments["{future_limit}"]), *written]
    names = [rule.name for rule in rules]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SuiteTrouble(
            f"expectations/entities/{facts.entity}.json: rule {', '.join(twice)} occurs twice. Rename or delete one; "
            "required columns, closed sets, ranges of dates and amounts are derived from the entity's schema."
        )
    return [rule for rule in rules if all(facts.fills(column) for column in rule.columns)]


def load_suite(entity: str, folder: Path = SUITE_FOLDER) -> list[Rule]:
    """The hand-written rules of an entity, in the file's order; none when there is no file.

    Raises:
        SuiteTrouble: a rule lacks its name, severity or reason, or would let bad rows pass.
    """
    path = folder / f"{entity}.json"
    if not path.exists():
        return []
    return [_from_json(path.name, expectation) for expectation in json.loads(path.read_text("utf-8"))["expectations"]]


def _from_json(file: str, expectation: Mapping[str, Any]) -> Rule:
    meta = expectation.get("meta", {})
    missing = [name for name in ("rule", "severity", "reason") if not meta.get(name)]
    if missing or meta["severity"] not in ("stop", "tell"):
        raise SuiteTrouble(
            f"{file}: the expectation {json.dumps(expectation)[:200]} needs meta.rule, meta.severity ('stop' or "
            f"'tell') and meta.reason. Add {', '.join(missing) or 'a known severity'}."
        )
    kwargs = expectation["kwargs"]
    # Great Expectations calls a rule with `mostly` passed while bad rows are present, and leaves row_condition out of
    # the query that finds the rows.
    for argument in ("mostly", "row_condition"):
        if argument in kwargs:
            raise SuiteTrouble(f"{file}: rule '{meta['rule']}' uses {argument}, which hides bad rows. Remove it.")
    return Rule(meta["rule"], expectation["type"], kwargs, meta["severity"], meta["reason"])


def _with_moments(rule: Rule, moments: Mapping[str, str]) -> Rule:
    kwargs = {
        name: moments.get(value, value) if isinstance(value, str) else value for name, value in rule.kwargs.items()
    }
    return Rule(rule.name, rule.expectation, kwargs, rule.severity, rule.reason)


def _moment(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _derived(facts: EntityFacts, future_limit: str) -> list[Rule]:
    rules = [_missing(column) for column in dict.fromkeys((*facts.key, *facts.required))]
    rules += [_outside_set(column, values) for column, values in facts.enums.items()]
    for column, kind in facts.types.items():
        if kind in ("DATE", "TIMESTAMP"):
            rules.append(_range(column))
        if column in (facts.event_time, "updated_at"):
            rules.append(_future(column, future_limit))
        if column == facts.event_time:
            rules.append(_sentinel(column))
        match = _WIDE_DECIMAL.fullmatch(kind)
        if match and 10 ** (int(match[1]) - int(match[2])) > IMPOSSIBLE_AMOUNT:
            rules.append(_impossible(column))
    return rules


def _missing(column: str) -> Rule:
    return Rule(
        f"{column}_missing", "expect_column_values_to_not_be_null", {"column": column}, "stop", f"{column} is missing"
    )


def _outside_set(column: str, values: Sequence[str]) -> Rule:
    return Rule(
        f"{column}_unknown",
        "expect_column_values_to_be_in_set",
        {"column": column, "value_set": list(values)},
        "stop",
        f"{column} is not one of {', '.join(values)}",
    )


def _range(column: str) -> Rule:
    bounds = {"min_value": EARLIEST_MOMENT, "max_value": FIRST_IMPOSSIBLE_MOMENT, "strict_max": True}
    return Rule(
        f"{column}_range",
        "expect_column_values_to_be_between",
        {"column": column, **bounds},
        "stop",
        f"{column} is before 1900 or after 2099",
    )


def _future(column: str, limit: str) -> Rule:
    return Rule(
        f"{column}_future",
        "expect_column_values_to_be_between",
        {"column": column, "max_value": limit},
        "stop",
        f"{column} lies in the future",
    )


def _sentinel(column: str) -> Rule:
    return Rule(
        f"{column}_sentinel",
        "expect_column_values_to_not_be_in_set",
        {"column": column, "value_set": [SENTINEL_MOMENT]},
        "stop",
        f"{column} is 1970-01-01 00:00:00, which stands for a missing time",
    )


def _impossible(column: str) -> Rule:
    bounds = {"min_value": -IMPOSSIBLE_AMOUNT, "max_value": IMPOSSIBLE_AMOUNT}
    return Rule(
        f"{column}_impossible",
        "expect_column_values_to_be_between",
        {"column": column, **bounds},
        "stop",
        f"{column} is larger than any real amount",
    )
