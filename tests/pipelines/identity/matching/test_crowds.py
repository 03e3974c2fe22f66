"""Many records that say the same, and corrections by people."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.identity.matching import calibration, crowds, engine, reading
from pipelines.identity.matching.judgements import Judgements
from tests.pipelines.identity.matching.factory import ROLES, table_of

CROWD = 300


def test_a_guest_with_hundreds_of_equal_orders_is_one_customer() -> None:
    others = [{"name": f"Person{at} Of{at}", "email": f"p{at}@example.org"} for at in range(200)]
    evidence = reading.read(table_of(*[{"name": "Ann Lee", "email": "ann@lee.example"}] * CROWD, *others), ROLES)
    matching = engine.match(evidence, threshold=-1.0)
    orders = slice(0, CROWD)
    assert len(set(matching.cluster[orders].tolist())) == 1
    assert len(np.unique(matching.cluster)) == 1 + len(others)
    # Everybody who stands behind is as sure as the one in front.
    assert np.ptp(engine.confidence(matching)[orders]) < 0.01


def test_visitors_who_left_one_first_name_stay_apart_however_many() -> None:
    evidence = reading.read(table_of(*[{"name": "Anna"}] * 1000), ROLES)
    assert len(np.unique(engine.match(evidence).cluster)) == 1000


def test_who_stands_behind_follows_the_first_that_says_the_same() -> None:
    evidence = reading.read(table_of(*[{"name": "Ann Lee"}, {"name": "Bo Yu"}] * 5), ROLES)
    found = crowds.find(evidence, np.array([9]))
    # Three of each are in front, and the last one, who was spoken of.
    assert found.front.tolist() == [0, 1, 2, 3, 4, 5, 9]
    assert found.leader.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 0, 6]
    # The crowd of even records is one cluster, that of odd ones is not.
    assert found.spread(np.array([0, 1, 0, 3, 0, 5, 6])).tolist() == [0, 1, 0, 3, 0, 5, 0, 7, 0, 9]


def test_a_judged_record_is_compared_whatever_the_crowd_does() -> None:
    evidence = reading.read(table_of(*[{"name": "Ann Lee", "email": "ann@lee.example"}] * 20), ROLES)
    judged = Judgements(np.array([3]), np.array([17]), np.array([False]))
    cluster = engine.match(evidence, judged=judged).cluster
    assert cluster[3] != cluster[17]


def test_without_decisions_nothing_is_corrected() -> None:
    assert calibration.fit(np.zeros(0), np.zeros(0, dtype=np.bool_)) == calibration.Calibration(1.0, 0.0)


def test_many_decisions_move_the_odds_to_what_people_say() -> None:
    # Of pairs at 4 bits, which should be right 16 times in 17, people say that one half are.
    bits = np.tile([-6.0, 4.0, 12.0], 1000)
    is_match = np.tile([False, True, True, False, False, True], 500)
    found = calibration.fit(bits, is_match)
    assert found.apply(np.array([4.0]))[0] == pytest.approx(0, abs=0.3)
    # A single one hardly does.
    assert calibration.fit(np.array([4.0]), np.array([False])).apply(np.array([4.0]))[0] > 1
