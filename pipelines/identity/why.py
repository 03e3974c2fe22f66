"""Why records are one customer, what would part them, and why the nearest other customers are not joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipelines.identity import judgements, spanning, verdicts
from pipelines.identity.judgements import Judgement
from pipelines.identity.matching.clustering import NEVER_COMPARED
from pipelines.identity.pair import Evidence, Keys, Pair, as_written, in_words, read_pairs, read_records

if TYPE_CHECKING:
    import duckdb

NEIGHBOURS = 5


@dataclass(frozen=True)
class Between:
    """The evidence between two groups of records; clusters merge by its average, as `matching.clustering` says.

    `compared` of `possible` pairs are kept as alike enough; the others count NEVER_COMPARED in `average` (bits).
    `best` is the strongest pair, None when none is kept.
    """

    compared: int
    possible: int
    speak_for: int
    average: float
    best: Pair | None


@dataclass(frozen=True)
class Split:
    """What the weakest edge of a tree joins: the records on either side, and the evidence between these halves."""

    edge: Pair
    left: tuple[str, ...]
    right: tuple[str, ...]
    between: Between
    needed: tuple[Evidence, ...]


@dataclass(frozen=True)
class Neighbour:
    """Another customer with a record that looks like one of this customer's, and what lies between the two."""

    customer_id: str
    display_name: str | None
    between: Between


@dataclass(frozen=True)
class WhyOne:
    """One customer: its records in words, its strongest tree (strongest edge first), where it would split first."""

    customer_id: str
    display_name: str | None
    records: dict[str, str]
    tree: tuple[Pair, ...]
    split: Split | None
    judgements: tuple[Judgement, ...]
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True)
class WhyTwo:
    """Two records, or the likeliest two of two customers.

    `chain` leads from one to the other inside one customer; `between` is the evidence between two customers.
    """

    pair: Pair
    chain: tuple[Pair, ...]
    between: Between | None
    judgements: tuple[Judgement, ...]


def why_one(connection: duckdb.DuckDBPyConnection, customer_id: str) -> WhyOne:
    """Explain one customer. Schema `identity` is only read. Raises KeyError for an id that no customer has."""
    keys = _records_of(connection, customer_id)
    if not keys:
        raise KeyError(customer_id)
    _build_nearby(connection, keys)
    records = read_records(connection, keys)
    words = {key: in_words(as_written(records[key])) for key in keys}
    edges = _tree(connection, keys)
    tree = tuple(read_pairs(connection, edges))
    concerned = tuple(one for one in judgements.in_force(connection) if {one.left_key, one.right_key} & set(keys))
    return WhyOne(
        customer_id, _display_name(connection, customer_id), words, tree,
        _split(connection, keys, tree) if tree else None, concerned, _neighbours(connection, keys),
    )  # fmt: skip


def why_records(connection: duckdb.DuckDBPyConnection, one_key: str, other_key: str) -> WhyTwo:
    """Explain two source records. Raises KeyError for a key that is in no customer."""
    (pair,) = read_pairs(connection, [(one_key, other_key)])
    if not pair.is_one_customer:
        return _apart(connection, pair.left_customer_id, pair.right_customer_id, pair)
    keys = _records_of(connection, pair.left_customer_id)
    _build_nearby(connection, keys)
    neighbours: defaultdict[str, set[str]] = defaultdict(set)
    for left, right in _tree(connection, keys):
        neighbours[left].add(right)
        neighbours[right].add(left)
    chain = verdicts.chain(neighbours, pair.left_key, pair.right_key)
    return WhyTwo(pair, tuple(read_pairs(connection, chain)), None, _judged(connection, keys, keys))


def why_customers(connection: duckdb.DuckDBPyConnection, one_id: str, other_id: str) -> WhyTwo:
    """Explain why two customers are not one. Raises KeyError for an id that no customer has."""
    return _apart(connection, one_id, other_id, None)


def _apart(connection: duckdb.DuckDBPyConnection, one_id: str, other_id: str, pair: Pair | None) -> WhyTwo:
    ones, others = _records_of(connection, one_id), _records_of(connection, other_id)
    for customer_id, keys in ((one_id, ones), (other_id, others)):
        if not keys:
            raise KeyError(customer_id)
    _build_nearby(connection, ones)
    between = _between(connection, ones, others)
    shown = pair or between.best or read_pairs(connection, [(ones[0], others[0])])[0]
    return WhyTwo(shown, (), between, _judged(connection, ones, others))


def _records_of(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[str]:
    rows = connection.execute(
        "SELECT source_record_key FROM identity.customer_crosswalk WHERE customer_id = ? ORDER BY ALL", [customer_id]
    ).fetchall()
    return [key for (key,) in rows]


def _build_nearby(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> None:
    """Build `nearby`: the scored pairs with any of these records."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE nearby AS
           WITH own AS (SELECT unnest($keys) AS key)
           FROM identity.scored_pairs WHERE left_key IN (FROM own) OR right_key IN (FROM own)""",
        {"keys": list(keys)},
    )


def _display_name(connection: duckdb.DuckDBPyConnection, customer_id: str) -> str | None:
    rows = connection.execute(
        "SELECT display_name FROM identity.golden_customers WHERE customer_id = ?", [customer_id]
    ).fetchall()
    return rows[0][0] if rows else None


def _judged(connection: duckdb.DuckDBPyConnection, ones: Sequence[str], others: Sequence[str]) -> tuple[Judgement, ...]:
    """Judgements in force with a record in either group."""
    left, right = set(ones), set(others)
    return tuple(
        one
        for one in judgements.in_force(connection)
        if (one.left_key in left and one.right_key in right) or (one.left_key in right and one.right_key in left)
    )


def _tree(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> list[Keys]:
    """The strongest tree over the records of one customer, strongest edge first; what stewards joined comes before."""
    pairs = connection.execute(
        """SELECT left_key, right_key FROM nearby
           WHERE list_contains($keys, left_key) AND list_contains($keys, right_key)
           ORDER BY decided_by = 'steward' AND decision = 'match' DESC, bits DESC, left_key, right_key""",
        {"keys": list(keys)},
    ).fetchall()
    number = {key: position for position, key in enumerate(keys)}
    ends = np.array([(number[left], number[right]) for left, right in pairs], dtype=np.int64).reshape(-1, 2)
    return [pairs[edge] for edge in spanning.strongest_tree(ends[:, 0], ends[:, 1])]


def _split(connection: duckdb.DuckDBPyConnection, keys: Sequence[str], tree: Sequence[Pair]) -> Split:
    number = {key: position for position, key in enumerate(keys)}
    left = np.array([number[pair.left_key] for pair in tree])
    right = np.array([number[pair.right_key] for pair in tree])
    weakest = len(tree) - 1
    is_left = spanning.halves(len(keys), left, right, weakest)
    sides = [key for key in keys if is_left[number[key]]], [key for key in keys if not is_left[number[key]]]
    edge = tree[weakest]
    return Split(edge, tuple(sides[0]), tuple(sides[1]), _between(connection, *sides), _needed(edge))


def _needed(edge: Pair) -> tuple[Evidence, ...]:
    """The fewest pieces of evidence without which the pair would speak against one customer."""
    speaking = sorted((one for one in edge.evidence if one.bits > 0), key=lambda one: -one.bits)
    rest, needed = edge.bits or 0.0, list[Evidence]()
    for one in speaking:
        if rest <= 0:
            break
        needed.append(one)
        rest -= one.bits
    return tuple(needed) if rest <= 0 else ()


def _between(connection: duckdb.DuckDBPyConnection, ones: Sequence[str], others: Sequence[str]) -> Between:
    rows = connection.execute(
        """SELECT left_key, right_key, bits FROM nearby
           WHERE (list_contains($ones, left_key) AND list_contains($others, right_key))
              OR (list_contains($ones, right_key) AND list_contains($others, left_key))
           ORDER BY bits DESC, left_key, right_key""",
        {"ones": list(ones), "others": list(others)},
    ).fetchall()
    possible, total = len(ones) * len(others), sum(bits for _, _, bits in rows)
    return Between(
        compared=len(rows),
        possible=possible,
        speak_for=sum(bits > 0 for _, _, bits in rows),
        average=(total + NEVER_COMPARED * (possible - len(rows))) / possible,
        best=read_pairs(connection, [rows[0][:2]])[0] if rows else None,
    )


def _neighbours(connection: duckdb.DuckDBPyConnection, keys: Sequence[str]) -> tuple[Neighbour, ...]:
    nearest = connection.execute(
        """SELECT customer_id FROM (
             SELECT if(list_contains($keys, left_key), right_key, left_key) AS source_record_key, bits
             FROM nearby WHERE list_contains($keys, left_key) <> list_contains($keys, right_key))
           JOIN identity.customer_crosswalk USING (source_record_key)
           GROUP BY customer_id ORDER BY max(bits) DESC, customer_id LIMIT $shown""",
        {"keys": list(keys), "shown": NEIGHBOURS},
    ).fetchall()
    return tuple(
        Neighbour(other, _display_name(connection, other), _between(connection, keys, _records_of(connection, other)))
        for (other,) in nearest
    )
