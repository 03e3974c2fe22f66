import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import diary
import must_hold
import pytest
from intervals import poisson, wilson
from metrics import alarms_of, clean, outcome, without
from told import Told
from trial import live_clean
from world import Look, by_size

ROOT = Path(__file__).parents[2]


def look(day: int, phase: str, told: list[Told], wrong: int = 0, status: str = "FRESH") -> dict[str, Any]:
    return {
        "phase": phase,
        "now": f"2024-03-{day:02d}T00:05:00+00:00",
        "told": told,
        "status": {"shop.orders": status},
        "wrong": {"shop.orders": (wrong, 0, 0)},
        "is_acting": phase == "fault" and wrong > 0,
    }


def trial(looks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"mode": "A2", "name": "away", "severity": 1.0, "customers": 300, "needs": "", "looks": looks}


FAILING = Told("shop.orders", "failing", "")
LATE = Told("shop.orders", "late", "")


def test_an_incident_is_found_at_the_look_in_which_the_first_new_alert_opens() -> None:
    looks = [look(1, "fault", []), look(2, "fault", [], 5), look(3, "fault", [FAILING], 5), look(4, "healed", [])]
    found = outcome(trial(looks), alarms_of, set())
    assert found is not None
    assert (found.found_at, found.is_right_cause, found.alerts) == (2, True, 1)


def test_rows_are_silently_wrong_until_somebody_is_told() -> None:
    looks = [look(1, "fault", [], 5), look(2, "fault", [FAILING], 5), look(3, "healed", [], 0)]
    found = outcome(trial(looks), alarms_of, set())
    assert found is not None
    assert (found.silent_row_hours, found.row_hours) == (5 * 24, 2 * 5 * 24)


def test_rows_of_a_feed_that_is_not_shown_as_current_are_not_silent() -> None:
    looks = [look(1, "fault", [], 5, "STALE"), look(2, "healed", [], 0)]
    found = outcome(trial(looks), alarms_of, set())
    assert found is not None
    assert (found.silent_row_hours, found.row_hours) == (0, 5 * 24)


def test_an_alert_that_was_open_before_finds_nothing() -> None:
    found = outcome(trial([look(1, "fault", [FAILING], 5), look(2, "healed", [FAILING])]), alarms_of, {FAILING})
    assert found is not None
    assert (found.found_at, found.alerts) == (None, 0)


def test_what_was_told_before_the_fault_acted_is_no_alert_of_it() -> None:
    looks = [look(1, "fault", [FAILING]), look(2, "fault", [FAILING, LATE], 5), look(3, "healed", [])]
    found = outcome(trial(looks), alarms_of, set())
    assert found is not None
    assert (found.found_at, found.alerts, found.failures) == (1, 1, ("late",))


def test_a_mode_that_loading_prevents_needs_no_word_while_no_row_is_wrong() -> None:
    def is_answered(mode: str, wrong: int) -> bool:
        looks = [look(1, "fault", []) | {"is_acting": True}, look(2, "healed", [], wrong)]
        found = outcome(trial(looks) | {"mode": mode}, alarms_of, set())
        assert found is not None
        return found.is_answered(1)

    # C6 is prevented or exact, A2 exact alone.
    assert [is_answered("C6", 0), is_answered("C6", 1), is_answered("A2", 0)] == [True, False, False]


def test_the_table_of_what_must_hold_names_who_breaks_a_line() -> None:
    late = [look(1, "fault", [], 5), look(2, "fault", [FAILING], 5), look(3, "healed", [])]
    at_once = [look(1, "fault", [FAILING], 5), look(2, "healed", [])]
    found = [outcome(trial(looks), alarms_of, set()) for looks in (late, at_once)]
    lines = list(must_hold.table([one for one in found if one is not None], clean([], alarms_of)))
    assert "| exact, prevented: told of in the first look, or prevented | all | 1 of 2 | **no** | A2 away |" in lines
    assert "| exact, prevented: no silent wrong row-hour | all | 1 of 2 | **no** | A2 away |" in lines
    assert "| told by a name that is its cause | all | 2 of 2 | yes |  |" in lines
    assert "| reconciled: told of by the first comparison | all | 0 of 0 | UNKNOWN |  |" in lines


def test_learned_detectors_are_held_to_a_share_of_the_rows_of_the_larger_company_alone() -> None:
    def line(severity: float, customers: int) -> str:
        unseen = [look(1, "fault", [], 5), look(2, "healed", [])]
        learned = trial(unseen) | {"mode": "E2", "name": "nulls", "severity": severity, "customers": customers}
        found = outcome(learned, alarms_of, set())
        assert found is not None
        assert (found.rows_hit, found.customers) == (5, customers)
        return next(one for one in must_hold.table([found], clean([], alarms_of)) if one.startswith("| learned"))

    assert "0 of 1" in line(0.2, 1500)
    assert "0 of 1" in line(1.0, 300)
    assert "0 of 0" in line(0.2, 300)
    assert "0 of 0" in line(0.1, 1500)


def test_a_share_of_the_rows_is_hit_in_the_larger_company_unless_a_size_is_asked_for() -> None:
    assert by_size([0.2, 1.0], None) == {1500: [0.2], 300: [1.0]}
    assert by_size([0.2, 1.0], 40) == {40: [0.2, 1.0]}


def test_a_fault_that_changed_nothing_is_no_incident() -> None:
    assert outcome(trial([look(1, "fault", [FAILING]), look(2, "healed", [])]), alarms_of, set()) is None


def test_an_alert_counts_until_the_second_look_after_the_end() -> None:
    def told_after(looks_later: int) -> int | None:
        healed = [look(2 + n, "healed", [LATE] if n + 1 >= looks_later else []) for n in range(3)]
        found = outcome(trial([look(1, "fault", [], 5), *healed]), alarms_of, set())
        assert found is not None
        return found.found_at

    assert (told_after(2), told_after(3)) == (3, None)


def test_an_incident_is_lost_with_the_only_detector_that_tells_of_it() -> None:
    looks = [look(1, "fault", [FAILING], 5), look(2, "healed", [])]
    found = outcome(trial(looks), without(["failing"]), set())
    assert found is not None
    assert found.found_at is None


def test_an_alarm_in_clean_life_counts_once_for_as_long_as_it_is_open() -> None:
    looks = [look(1, "clean", []), look(2, "clean", [LATE]), look(3, "clean", [LATE]), look(4, "clean", [])]
    found = clean([*looks, look(5, "clean", [LATE])], alarms_of)
    assert (found.syncs, found.opened) == (5, (LATE, LATE))


# Wilson: (0.8 + 0.1921 ± 1.96 √(0.016 + 0.0096)) / 1.3841 by hand; Poisson: Garwood's table, whose upper bounds of 0
# and 1 are 3.69 and 5.57.
def test_intervals_are_those_worked_by_hand_and_of_the_published_table() -> None:
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=5e-4)
    assert wilson(0, 0) == (0, 1)
    assert poisson(0) == pytest.approx((0, 3.689), abs=5e-4)
    assert poisson(1) == pytest.approx((0.0253, 5.572), abs=5e-4)


def test_a_life_whose_home_is_not_there_is_lived_anew(tmp_path: Path) -> None:
    def of_day(day: int, feeds: object) -> Look:
        del feeds
        home.mkdir(exist_ok=True)
        return Look(day, datetime(2024, 3, 4 + day, tzinfo=UTC), [], {}, {}, {}, {}, 0.0)

    home = tmp_path / "home"
    nothing = SimpleNamespace(show=lambda day: None)
    world = SimpleNamespace(
        home=SimpleNamespace(root=home), shown=nothing, feeds=(), look=of_day, keep=str, is_kept=lambda name: False
    )
    (tmp_path / "clean.jsonl").write_text('{"day": 70}\n' * 2)

    def lived(days: int) -> list[int]:
        return [look["day"] for look in live_clean(cast(Any, world), tmp_path, days)]

    assert [lived(2), lived(3)] == [[0, 1], [0, 1, 2]]
    assert [json.loads(line)["day"] for line in (tmp_path / "clean.jsonl").read_text().splitlines()] == [0, 1, 2]


def test_what_is_written_down_of_a_trial_names_no_place_of_this_machine(tmp_path: Path) -> None:
    told = f"database file {tmp_path}/company/shown/shop.db is not there"
    diary.write(tmp_path / "trials.jsonl", {"told": told, "look": 1}, within=tmp_path / "company")
    assert diary.read(tmp_path / "trials.jsonl") == [{"told": "database file shown/shop.db is not there", "look": 1}]


def test_the_fast_slice_runs_the_real_pipeline_and_leaves_no_row_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/feeds/run.py", "--slice", "fast", "--folder", str(tmp_path), "--seeds", "90"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^\S+ +(\w+) +told: (.*); rows wrong at worst (\d+), left (\d+)$", done.stdout, re.MULTILINE)
    told, worst, left = ({row[0]: row[place] for row in found} for place in (1, 2, 3))
    assert set(left) == {"nothing", "database_is_away", "file_of_the_sequence_lost", "login_page"}
    assert set(left.values()) == {"0"}
    assert (told["nothing"], worst["nothing"]) == ("nothing", "0")
    assert {name for name, rows in worst.items() if rows == "0"} == {"nothing"}
