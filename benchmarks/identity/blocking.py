"""Which pairs a peer looks at: the rules a user would write for the columns there are, but for those that are too wide.

A rule is a list of SQL expressions over the prepared columns; two records are a candidate pair when they agree on all
of them. Splink's guide says to count the pairs of a rule first and to leave out rules that make too many; so it is
here.
"""

from __future__ import annotations

import re

import duckdb

# Pairs that all rules together may make for each record. Of 3, 5, 8, 12 and 30 this is the one that Splink's F1 is best
# with over the generated sets: with fewer it misses people, with more it chains namesakes and households together.
PAIRS_A_RECORD = 8

# These come first in the list below.
_NARROWEST = 6
_RULES: tuple[tuple[str, ...], ...] = (
    ("national_id",),
    ("email",),
    ("phone",),
    ("given_name", "family_name"),
    ("whole_name",),
    ("organisation_name",),
    ("given_name", "family_name", "city"),
    ("given_name", "family_name", "postal_code"),
    ("given_name", "date_of_birth"),
    ("family_name", "date_of_birth"),
    ("date_of_birth", "city"),
    ("substr(given_name, 1, 3)", "substr(family_name, 1, 3)", "substr(date_of_birth, 1, 4)"),
    ("substr(given_name, 1, 3)", "substr(family_name, 1, 3)", "substr(date_of_birth, 6, 5)"),
    ("given_name", "postal_code"),
    ("family_name", "postal_code"),
    ("given_name", "street"),
    ("family_name", "street"),
    ("substr(organisation_name, 1, 6)", "city"),
    ("street", "city"),
    ("street", "substr(organisation_name, 1, 3)"),
    ("substr(email, 1, 7)", "substr(family_name, 1, 3)"),
    ("substr(whole_name, 1, 8)",),
    ("date_of_birth",),
    ("postal_code",),
    ("street",),
    ("family_name", "city"),
    ("given_name", "city"),
    ("family_name",),
    ("given_name",),
    ("substr(organisation_name, 1, 4)",),
)
# Rules that admit few false pairs: what they find is the share of all pairs that the model starts from.
_CERTAIN: tuple[tuple[str, ...], ...] = (
    ("national_id",),
    ("email", "given_name"),
    ("phone", "given_name"),
    ("given_name", "date_of_birth"),
    ("family_name", "date_of_birth"),
    ("given_name", "family_name", "street"),
    ("organisation_name", "phone"),
    ("organisation_name", "city"),
    ("phone", "city"),
    ("street", "city", "substr(organisation_name, 1, 3)"),
)
# Each leaves the other comparisons free to be learnt from the pairs it makes.
_TRAINING: tuple[tuple[str, ...], ...] = (
    ("given_name", "family_name"),
    ("organisation_name",),
    ("date_of_birth",),
    ("email",),
    ("phone",),
    ("street", "city"),
)
MOST_TRAINING_RULES = 3


def _possible(rules: tuple[tuple[str, ...], ...], columns: list[str]) -> list[tuple[str, ...]]:
    return [rule for rule in rules if all(column_of(part) in columns for part in rule)]


def column_of(expression: str) -> str:
    """The column that a part of a rule looks at."""
    match = re.search(r"substr\((\w+)", expression)
    return match.group(1) if match else expression


def rules_for(
    connection: duckdb.DuckDBPyConnection, columns: list[str], pairs_a_record: int = PAIRS_A_RECORD
) -> list[tuple[str, ...]]:
    """The rules for these columns, narrow ones first, as long as they make so many pairs for each record at most."""
    ((records,),) = connection.execute("SELECT count(*) FROM records").fetchall()
    counted = sorted((pairs_of(connection, rule), rule) for rule in _possible(_RULES, columns))
    chosen, made = [], 0
    for pairs, rule in counted:
        made += pairs
        if made <= pairs_a_record * records:
            chosen.append(rule)
    return chosen


def pairs_of(connection: duckdb.DuckDBPyConnection, rule: tuple[str, ...]) -> int:
    """How many pairs a rule makes."""
    known = " AND ".join(f"{part} IS NOT NULL" for part in rule)
    ((pairs,),) = connection.execute(
        f"SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM "
        f"(SELECT count(*) AS n FROM records WHERE {known} GROUP BY {', '.join(rule)})"
    ).fetchall()
    return int(pairs)


def certain_rules_for(columns: list[str]) -> list[tuple[str, ...]]:
    """Rules that hardly ever put two entities together; where columns are few, the narrowest there are."""
    return _possible(_CERTAIN, columns) or _possible(_RULES[:_NARROWEST], columns)


def training_rules_for(columns: list[str]) -> list[tuple[str, ...]]:
    """Blocks to learn from; the first three that make pairs are enough."""
    return _possible(_TRAINING, columns)
