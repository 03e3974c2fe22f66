"""A slice of the clean lives and their faults: small, but with the product's own training and detectors."""

from __future__ import annotations

import numpy as np
from clean_evidence import BEGINS, Tally, Watched, asked, damage, sweep
from clean_life import KINDS, clean_life
from evidence_faults import FAULTS
from intervals import poisson
from rows import draw_rows, profiles_of

DAILY_FILE = KINDS[4]


def test_a_daily_feed_lives_through_midwinter_without_an_alert_and_floods_are_told() -> None:
    # From November to January: Christmas, New Year, two month ends, bursts, an outage and a backfill.
    watched = Watched(clean_life(DAILY_FILE, BEGINS[2], 50, seed=3))
    tally = Tally()
    days = sweep(watched, tally)
    assert tally.syncs.total() >= 49
    assert tally.alerts.total() == 0, tally.examples
    damage(watched, days, 3, tally, [fault for fault in FAULTS if fault.name == "nulls"])
    floods = [told for (fault, _, severity), told in tally.right.items() if fault == "nulls" and severity >= 0.2]
    assert len(floods) == 3
    assert all(all(told) for told in floods)


def test_a_fault_that_hits_no_row_changes_no_profile() -> None:
    rows = draw_rows(np.random.default_rng(1), 200, BEGINS[0], 0.0, is_file=False, late=0.0)
    for fault in FAULTS:
        if fault.name not in ("times +5 h 30", "texts cut"):
            same = fault.damage(np.random.default_rng(2), rows, 0.0)
            assert profiles_of(same, "b") == profiles_of(rows, "b") or fault.name == "three times the rows"


def test_looks_without_bands_are_all_unknown() -> None:
    watched = Watched(clean_life(DAILY_FILE, BEGINS[0], 5, seed=1))
    last = watched.life.runs[-1].started_at
    found = {finding.failure: finding.verdict for finding in asked(watched.looked_at(last))}
    assert {verdict for failure, verdict in found.items() if failure != "late"} == {"UNKNOWN"}


def test_no_alert_in_three_thousand_syncs_bounds_the_rate_by_one_in_eight_hundred() -> None:
    # The upper bound of none is -ln(0.025) = 3.689.
    assert round(poisson(0)[1], 3) == 3.689
