"""`c360 review` as a person and a program meet it: list, decide, undo, file, score."""

from __future__ import annotations

import csv
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.cli import review, review_session
from pipelines.cli.review_session import Desk, Sitting
from pipelines.identity import judgements
from pipelines.identity.judgements import Contradiction, Judgement
from pipelines.settings import Home
from pipelines.stewardship import Busy
from tests.journey_factory import Said, c360
from tests.pipelines.identity.resolved_factory import MOMENT, NOW, key, letters
from warehouse.connection import open_reader


def said(home: Home, *arguments: str) -> Said:
    return c360(home, "review", *arguments, now=NOW)


def in_force(home: Home) -> dict[str, tuple[str, str, str]]:
    with open_reader(home.warehouse) as connection:
        return {
            letters(one.left_key, one.right_key): (one.decision, one.decided_by, one.reason)
            for one in judgements.in_force(connection)
        }


def test_without_a_terminal_the_queue_is_listed_the_most_harmful_first(home: Home) -> None:
    listed = said(home)
    assert listed.code == 0
    # The median of 300, 100 and 50 is 100. C1: 3 + 1 ticket + 3 records · .1 = 4.3; C2: 1 + .1.
    # c-d: (4.3 + 1.1) / 3 = 1.80; b-c: 4.3 / 5 = .86.
    first, second = listed.out.splitlines()[1:]
    assert first.split()[:3] == [key("c"), key("d"), "two"]
    assert first.endswith("1.80")
    assert "300.00 EUR net, 1 open ticket, 3 records + 100.00 EUR net, 1 record" in first
    assert second.split()[:3] == [key("b"), key("c"), "one"]
    assert second.endswith("0.86")


def test_the_queue_as_json_carries_both_records_and_the_evidence(home: Home) -> None:
    first, second = said(home, "--json").document
    assert (first["decision"], first["harm"]) == ("apart", pytest.approx(1.8))
    assert second["pair"]["left"]["email"] == "ann@lee.example"
    assert second["pair"]["evidence"][0] == {"attribute": "phone", "level": "same", "bits": 5.0}
    assert len(said(home, "--json", "--minutes", "0.4").document) == 1


def test_what_is_at_stake_is_unknown_while_nothing_is_published(home: Home) -> None:
    home.published.unlink()
    listed = said(home)
    assert "UNKNOWN" in listed.err
    assert "value UNKNOWN + value UNKNOWN" in listed.out


def test_a_warehouse_that_is_missing_or_unresolved_is_told_with_the_next_step(home: Home) -> None:
    assert "there is no warehouse yet. Check --home" in said(Home(home.root / "elsewhere")).err
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("DROP TABLE identity.pair_evidence")
    unresolved = said(home)
    assert unresolved.code == 1
    assert "pair_evidence missing" in unresolved.err
    assert "Run c360 refresh first." in unresolved.err


def test_writing_needs_a_name(home: Home) -> None:
    refused = said(home, "--undo", key("a"), key("b"))
    assert (refused.code, "--by NAME" in refused.err) == (2, True)
    home.connections.write_text("C360_STEWARD=bo\n", encoding="utf-8")
    assert "Nothing is decided" in said(home, "--undo", key("a"), key("b")).err


def filled(home: Home, path: Path, **decisions: str) -> None:
    """Fill the exported file in place, by the letters of its pairs."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, rows[0].keys(), delimiter=";")
        lines.writeheader()
        for row in rows:
            row["decision"] = decisions.get(letters(row["left_key"], row["right_key"]), "")
            lines.writerow(row | {"reason": "by phone" if row["decision"] else ""})


def test_a_queue_goes_out_as_a_file_and_its_decisions_come_back(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "queue.csv"
    assert said(home, "--export", str(path)).code == 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["left_key"], first["right_key"], first["decision"]) == (key("c"), key("d"), "")
    # No spreadsheet takes a value for a formula.
    assert first["right_record"].startswith("full_name: =Anna Lee")
    assert second["model_says"] == "match"
    filled(home, path, cd="No match")
    kept = said(home, "--import", str(path), "--by", "ana")
    assert "Decisions kept: 1. Decisions take effect with the next c360 sync." in kept.out
    assert in_force(home) == {"cd": ("no_match", "ana", "by phone")}
    # The same file once more says nothing new.
    assert "Decisions kept: 0." in said(home, "--import", str(path), "--by", "bo").out
    assert in_force(home)["cd"][1] == "ana"
    assert said(home, "--json").document[0]["left_key"] == key("b")


def test_a_file_with_wrong_lines_is_refused_as_a_whole_and_each_line_named(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    rows = ("ab match", "bc perhaps", "bc match", "ac no_match", "xa match", "cd ")
    lines = ["left_key,right_key,decision", *(f"{key(row[0])},{key(row[1])},{row[3:]}" for row in rows)]
    path.write_text("\n".join(lines), encoding="utf-8")
    refused = said(home, "--import", str(path), "--by", "ana")
    assert refused.code == 2
    assert "3 problem(s); nothing was taken over" in refused.err
    assert "line 3: 'perhaps' is no decision" in refused.err
    assert f"line 5: {key('a')} and {key('c')} cannot be judged no_match" in refused.err
    assert f"line 6: There is no source record {key('x')}" in refused.err
    assert in_force(home) == {}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"left_key;decision\n", "line 1: the columns right_key are missing"),
        (b"left_key,right_key,decision\nx,y\n", "line 2: 2 values under 3 columns"),
        (b"left_key,right_key,decision\n\xff,y,match\n", "byte 28 is not UTF-8"),
        (b"", "line 1: the columns left_key, right_key, decision are missing"),
        (b"left_key,right_key,decision\n,y,match\n", "line 2: a record's key is missing"),
    ],
)
def test_a_file_that_is_no_such_table_is_told_by_line(home: Home, tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    refused = said(home, "--import", str(path), "--by", "ana")
    assert (refused.code, told in refused.err) == (2, True), refused.err
    missing = said(home, "--import", str(tmp_path / "no.csv"), "--by", "ana")
    assert missing.code == 2
    assert "no.csv" in missing.err
    assert "cannot be read" in missing.err


def test_decisions_are_listed_and_taken_back(home: Home, tmp_path: Path) -> None:
    assert "Nothing is decided yet." in said(home, "--list").out
    path = tmp_path / "decisions.csv"
    path.write_text(f"left_key,right_key,decision,reason\n{key('b')},{key('a')},match,same flat\n", encoding="utf-8")
    said(home, "--import", str(path), "--by", "ana")
    assert f"{key('a')} {key('b')} match (ana, 2026-03-01): same flat" in said(home, "--list").out
    undone = said(home, "--undo", key("b"), key("a"), "--by", "bo")
    assert (undone.code, "Taken back" in undone.out) == (0, True)
    (row,) = said(home, "--list", "--json").document
    assert (row["decision"], row["decided_by"]) == ("unsure", "bo")
    assert said(home, "--undo", key("a"), key("b"), "--by", "bo").code == 2


def test_the_score_is_unknown_first_and_says_that_the_queue_is_not_by_chance(home: Home, tmp_path: Path) -> None:
    shown = said(home, "--score").out
    assert "match                0      0  UNKNOWN  UNKNOWN" in shown
    assert "chosen for doubt, not by chance" in shown
    assert "Precision of all matches: UNKNOWN" in shown
    path = tmp_path / "sample.csv"
    assert said(home, "--sample", "2", "--export", str(path)).code == 0
    filled(home, path, ab="match", bc="no_match")
    assert "Decisions kept: 2." in said(home, "--import", str(path), "--by", "ana").out
    score = said(home, "--score", "--json").document
    # Two bands of one pair each, of which one is right.
    assert score["sample"]["precision"] == pytest.approx(0.5)
    assert (score["matches"]["right"], score["matches"]["judged"]) == (1, 2)
    assert "Precision of all 2 matches: 50.0%" in said(home, "--score").out


def test_only_one_thing_is_done_at_a_time(home: Home) -> None:
    assert said(home, "--list", "--score").code == 2


class Hand:
    """A steward's answers, and what was kept and taken back of them."""

    def __init__(self, *answers: str, trouble: Exception | None = None) -> None:
        self.answers, self.trouble = list(answers), trouble
        self.kept: list[Judgement] = []
        self.undone: list[Judgement] = []

    def keep(self, judgement: Judgement) -> None:
        if self.trouble:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.kept.append(judgement)

    def review(self, home: Home, clock: Callable[[], datetime] = lambda: NOW) -> int:
        rows, pairs = review._queue(home, 10, None)
        desk = Desk(lambda _: self.answers.pop(0), self.keep, self.undone.append, clock, "ana")
        self.sitting = Sitting()
        review_session.run(rows, pairs, desk, self.sitting)
        return self.sitting.kept

    def decided(self) -> list[tuple[str, str, str]]:
        return [(letters(one.left_key, one.right_key), one.decision, one.reason) for one in self.kept]


def test_each_answer_is_kept_with_its_reason(home: Home) -> None:
    hand = Hand("n two sisters", "M")
    assert hand.review(home) == 2
    assert hand.decided() == [("cd", "no_match", "two sisters"), ("bc", "match", "")]


def test_back_takes_the_last_answer_back_and_asks_again(home: Home) -> None:
    hand = Hand("b", "n", "b", "u", "s")
    assert hand.review(home) == 1
    assert hand.decided() == [("cd", "no_match", ""), ("cd", "unsure", "")]
    assert [letters(one.left_key, one.right_key) for one in hand.undone] == ["cd"]


def test_skipping_and_quitting_decide_nothing(home: Home) -> None:
    hand = Hand("?", "s", "q")
    assert hand.review(home) == 0
    assert (hand.kept, hand.undone) == ([], [])


def test_a_sitting_is_as_long_as_pairs_were_looked_at_and_a_lunch_break_is_no_work(home: Home) -> None:
    hand = Hand("n", "?", "s")
    # Shown and answered: 20 s; an hour at lunch, of which five minutes count; 10 s after the letter that is none.
    # The moment of the decision is asked for between the first pair and the second.
    seconds = iter([0, 20, 21, 30, 3630, 3631, 3641])
    hand.review(home, lambda: NOW + timedelta(seconds=next(seconds)))
    assert (hand.sitting.pairs, hand.sitting.looked) == (2, timedelta(seconds=20 + 300 + 10))


@pytest.mark.parametrize("trouble", [Contradiction("a and b are two customers."), Busy("warehouse", "busy", "Wait.")])
def test_an_answer_that_cannot_be_kept_is_told_and_asked_again(
    home: Home, trouble: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    hand = Hand("m", "m", "q", trouble=trouble)
    assert hand.review(home) == 1
    assert hand.decided() == [("cd", "match", "")]
    assert str(trouble) in capsys.readouterr().err


def test_on_a_terminal_the_pairs_are_shown_side_by_side_and_answers_are_written(home: Home) -> None:
    ours, theirs = pty.openpty()
    arguments = ["--home", str(home.root), "--now", NOW.isoformat(), "review", "--by", "ana"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments],
        stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "160"},
    )  # fmt: skip
    os.close(theirs)
    shown, answers = "", ["n two sisters\n", "b\n", "u\n", "m\n"]
    while True:
        try:
            shown += os.read(ours, 65536).decode()
        except OSError:  # the other end is closed
            break
        if answers and shown.count("[q]uit") == 5 - len(answers):
            os.write(ours, answers.pop(0).encode())
    assert process.wait() == 0, shown
    assert "Decisions kept: 2." in shown
    assert "ann@lee.example" in shown
    assert "≠" in shown
    assert in_force(home) == {"cd": ("unsure", "ana", ""), "bc": ("match", "ana", "")}
    with open_reader(home.warehouse) as connection:
        rows = connection.execute("SELECT decision, decided_at FROM identity.judgements ORDER BY decided_at").fetchall()
    assert [word for word, _ in rows if word != "match"] == ["no_match", "unsure", "unsure"]
    assert {at - MOMENT <= timedelta(microseconds=2) for _, at in rows} == {True}


def test_customer_and_review_show_the_same_bits(home: Home) -> None:
    shown: dict[str, Any] = c360(home, "customer", key("a"), "--why", "--json", now=NOW).document
    asked = said(home, "--json").document
    weakest = shown["split"]["edge"]
    assert (weakest["bits"], weakest["evidence"]) == (asked[1]["bits"], asked[1]["pair"]["evidence"])


def test_a_sample_beyond_what_a_person_can_judge_is_wrong_use(home: Home) -> None:
    refused = said(home, "--sample", "1000000000")
    assert refused.code == 2
    assert "less than or equal to 10000" in refused.err
