"""The review queue: which pair stands for a doubt, in which order, and who is left out."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from pipelines.identity import judgements, review, spanning
from pipelines.identity.stakes import stakes

from .resolved_factory import Resolved, key, letters

STAKES = {"customer_id": pa.string(), "weight": pa.float64(), "told": pa.string()}


def queue(world: Resolved, *, limit: int = 100, **weights: float) -> list[dict[str, Any]]:
    weighed = pa.table({name: pa.array([], kind) for name, kind in STAKES.items()})
    if weights:
        weighed = pa.table([list(weights), list(weights.values()), ["so much"] * len(weights)], list(STAKES))
    rows: list[dict[str, Any]] = review.queue(world.connection, limit=limit, stakes=weighed).to_pylist()
    return rows


def asked(world: Resolved, **weights: float) -> list[str]:
    return [letters(row["left_key"], row["right_key"]) for row in queue(world, **weights)]


def two_halves() -> Resolved:
    """One customer of two halves: a-b and c-d hold well, b-c is the best of three pairs between them."""
    world = Resolved()
    world.customer("C1", "abcd")
    for pair, bits in (("ab", 9.0), ("cd", 8.0), ("bc", 1.0), ("ac", -2.0), ("ad", -3.0)):
        world.pair(pair, bits)
    return world


def test_of_a_customer_the_bridge_between_its_halves_is_asked() -> None:
    (row,) = queue(two_halves(), C1=2.0)
    assert letters(row["left_key"], row["right_key"]) == "bc"
    assert row["decision"] == "match"
    # 1 bit: odds of 2 to 1, so it is wrong in one of three cases; two typical customers are at stake.
    assert row["wrong"] == pytest.approx(1 / 3)
    assert row["harm"] == pytest.approx(2 / 3)


def test_of_two_customers_their_strongest_pair_is_asked_once() -> None:
    world = Resolved()
    world.customer("C1", "ab")
    world.customer("C2", "cd")
    for pair, bits in (("ab", 12.0), ("cd", 12.0), ("ac", -3.0), ("ad", -1.0), ("bd", -6.0)):
        world.pair(pair, bits)
    first = queue(world, C1=1.0, C2=4.0)[0]
    assert letters(first["left_key"], first["right_key"]) == "ad"
    assert first["decision"] == "apart"
    # -1 bit: odds of 1 to 2 that they are one; both customers are at stake.
    assert first["harm"] == pytest.approx((1 + 4) / 3)
    assert asked(world) == ["ad", "ab", "cd"]


def test_value_outweighs_doubt_and_doubt_outweighs_value() -> None:
    world = Resolved()
    for number, pair in enumerate(("ab", "cd", "ef")):
        world.customer(f"C{number}", pair)
    world.pair("ab", 0.0)  # wrong with 1/2
    world.pair("cd", 2.0)  # wrong with 1/5
    world.pair("ef", 4.0)  # wrong with 1/17
    assert asked(world, C0=1.0, C1=1.0, C2=1.0) == ["ab", "cd", "ef"]
    assert asked(world, C0=1.0, C1=3.0, C2=1.0) == ["cd", "ab", "ef"]  # .5, .6, .06
    assert asked(world, C0=1.0, C1=1.0, C2=20.0) == ["ef", "ab", "cd"]  # .5, .2, 1.18


def test_a_match_the_evidence_speaks_against_is_more_urgent_than_an_even_one() -> None:
    """Entropy would hold the pair of -3 bits for as certain as one of +3."""
    world = Resolved()
    world.customer("C1", "ab")
    world.customer("C2", "cd")
    world.pair("ab", 0.0)
    world.pair("cd", -3.0)
    assert asked(world) == ["cd", "ab"]


def test_a_customer_whose_value_is_unknown_weighs_as_the_typical_one_and_says_so() -> None:
    world = Resolved()
    world.customer("C1", "ab")
    world.customer("C2", "c")
    world.pair("ab", 0.0)
    world.pair("ac", 0.0)
    between, within = queue(world, C2=2.0)
    assert (between["stake"], between["at_stake"]) == (3.0, "value UNKNOWN + so much")
    assert (within["stake"], within["at_stake"]) == (1.0, "value UNKNOWN")


def test_who_was_asked_about_is_left_out_and_comes_back_when_that_is_taken_back() -> None:
    world = Resolved()
    world.customer("C1", "ab")
    world.customer("C2", "cd")
    for pair, bits in (("ab", 3.0), ("cd", 3.0), ("ac", 0.0), ("bd", -1.0)):
        world.pair(pair, bits)
    assert asked(world) == ["ac", "ab", "cd"]
    world.judge("ac", "no_match")
    # Nor is the second best pair of the same two asked.
    assert asked(world) == ["ab", "cd"]
    world.judge("cd", "unsure")
    assert asked(world) == ["ab"]
    judgements.take_back(world.connection, key("a"), key("c"), by="ana", at=world.clock, reason="")
    assert asked(world) == ["ac", "ab"]
    world.judge("ac", "unsure")
    assert asked(world) == ["ab"]


def test_a_bridge_judged_to_hold_gives_way_to_the_next_weakest() -> None:
    world = two_halves()
    world.judge("bc", "match")
    assert asked(world) == ["cd"]
    world.judge("cd", "match")
    assert asked(world) == ["ab"]


def test_a_customer_that_splits_with_the_next_resolve_is_left_alone() -> None:
    world = two_halves()
    world.judge("bc", "no_match")
    assert asked(world) == []


def test_a_stewards_match_holds_stronger_than_any_evidence() -> None:
    """a-d was judged, so that b-c is no longer what joins the halves; c-d is the weakest edge left."""
    world = two_halves()
    world.judge("ad", "match")
    assert asked(world) == ["cd"]


def test_the_queue_fits_the_minutes() -> None:
    assert review.pairs_in(10) == 30
    assert review.pairs_in(0.1) == 1
    world = Resolved()
    for number, pair in enumerate(("ab", "cd", "ef")):
        world.customer(f"C{number}", pair)
        world.pair(pair, float(number))
    assert [letters(row["left_key"], row["right_key"]) for row in queue(world, limit=2)] == ["ab", "cd"]


def test_the_strongest_tree_joins_every_record_and_its_weakest_edge_is_the_best_between_its_halves() -> None:
    rng = np.random.default_rng(7)
    size = 12
    ends = [(i, j) for i in range(size) for j in range(i + 1, size) if rng.random() < 0.6]
    left, right = np.array(ends, dtype=np.int64)[rng.permutation(len(ends))].T
    tree = spanning.strongest_tree(left, right)
    assert len(tree) == size - 1
    weakest = len(tree) - 1
    half = spanning.halves(size, left[tree], right[tree], weakest)
    assert 0 < half.sum() < size
    # The first pair of the list that lies between the halves is the edge that joins them.
    assert np.flatnonzero(half[left] != half[right])[0] == tree[weakest]


def test_worth_is_measured_by_what_is_typical_of_a_currency() -> None:
    connection = duckdb.connect()
    connection.execute(
        """CREATE TABLE customer_360 AS FROM (VALUES
             ('C1',  100.0::DECIMAL(18, 2), 'EUR', 1, 0, 2, 'FRESH'), ('C2', 300.0, 'EUR', 3, 2, 1, 'FRESH'),
             ('C3',  200.0, 'EUR', 1, 0, 1, 'FRESH'), ('C4', 9000.0, 'JPY', 1, 0, 1, 'FRESH'),
             ('C5',  NULL, NULL, 0, 0, 1, 'FRESH'), ('C6', NULL, NULL, 2, 0, 1, 'FRESH'),
             ('C7',  NULL, NULL, 0, 0, 1, 'NEVER'), ('C8', 50.0, NULL, 1, 0, 1, 'FRESH'))
           AS c(customer_id, net_amount, currency_code, order_count, open_ticket_count, record_count, orders_status)"""
    )
    found = {row["customer_id"]: (row["weight"], row["told"]) for row in stakes(connection).to_pylist()}
    # The median of 100, 200, 300 EUR is 200; a record weighs .1, an open ticket 1.
    assert found == {
        "C1": (pytest.approx(0.5 + 0.2), "100.00 EUR net, 2 records"),
        "C2": (pytest.approx(1.5 + 2 + 0.1), "300.00 EUR net, 2 open tickets, 1 record"),
        "C3": (pytest.approx(1.0 + 0.1), "200.00 EUR net, 1 record"),
        "C4": (pytest.approx(1.0 + 0.1), "9,000.00 JPY net, 1 record"),
        "C5": (pytest.approx(0.1 + 0.1), "no orders, 1 record"),
        "C6": (pytest.approx(1.0 + 0.1), "value UNKNOWN, 1 record"),
        "C7": (pytest.approx(1.0 + 0.1), "value UNKNOWN, 1 record"),
        "C8": (pytest.approx(1.0 + 0.1), "value UNKNOWN, 1 record"),
    }
