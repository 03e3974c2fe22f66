"""Compare the columns that a contract declares with those that a source has.

A declared column that is missing stops the feed; columns that nobody declared are reported by name and not landed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from connectors.contract import FeedContract
from connectors.delivery import FeedTrouble


class ColumnsMissing(FeedTrouble):
    """Declared columns are not in a delivery; `undeclared` are names that it has instead."""

    def __init__(
        self, feed: str, fact: str, next_step: str, *, missing: Sequence[str], undeclared: Sequence[str]
    ) -> None:
        super().__init__(feed, fact, next_step, kind="contract")
        self.missing, self.undeclared = tuple(missing), tuple(undeclared)


def missing_column(
    contract: FeedContract, place: str, missing: Sequence[str], present: Iterable[str]
) -> ColumnsMissing:
    """The trouble that names the missing columns, what `place` has instead, and the nearest name."""
    names = list(present)
    shown = ", ".join(names) if names else "nothing"
    near = difflib.get_close_matches(missing[0].lower(), {name.lower(): name for name in names}, n=1, cutoff=0.6)
    meant = {name.lower(): name for name in names}[near[0]] if near else None
    hint = f"; did you mean '{meant}'?" if meant else ""
    listed = ", ".join(f"'{name}'" for name in missing)
    subject = f"column {listed} is" if len(missing) == 1 else f"columns {listed} are"
    return ColumnsMissing(
        contract.feed,
        f"{subject} not in {place} (it has: {shown}{hint})",
        f"Restore it at the source, or correct the mapping in its contract, {contract.system}/{contract.name}.yml.",
        missing=missing,
        undeclared=undeclared(known_names(contract), names),
    )


def known_names(contract: FeedContract) -> set[str]:
    """Names in a delivery that the contract names or reaches into: of $.requester.email it is 'requester'."""
    declared = contract.source_columns()
    return set(declared) | {name.split(".")[0].split("[")[0] for name, path in declared.items() if path}


def undeclared(declared: Iterable[str], present: Iterable[str]) -> tuple[str, ...]:
    """Names that the source has and the contract does not, in the source's order."""
    known = set(declared)
    return tuple(name for name in present if name not in known)


def required_source_columns(contract: FeedContract) -> set[str]:
    """Source columns without which no row is of use: the cursor, and what fills a required canonical column."""
    needed = {contract.cursor.column} if contract.cursor is not None else set()
    for canonical in contract.canonical.required_columns():
        mapping = contract.columns.get(canonical)
        if mapping is not None and mapping.sql is None:
            needed |= set(mapping.source_columns())
    return needed
