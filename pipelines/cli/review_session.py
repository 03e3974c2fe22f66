"""A review in the terminal: one pair after the other, each answer kept at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rich.markup import escape

from pipelines.cli.console import err, out
from pipelines.cli.pair import percent, print_pair
from pipelines.identity.judgements import Decision, Judgement, JudgementRefused
from pipelines.identity.pair import Pair
from pipelines.stewardship import Busy

QUESTION = "[m]atch  [n]o match  [u]nsure  [s]kip  [b]ack  [q]uit, then a reason if you like: "
ANSWERS: dict[str, Decision] = {"m": "match", "n": "no_match", "u": "unsure"}


# Of longer than this between a pair and its answer, the rest is taken for a break and no work.
LONGEST_LOOK = timedelta(minutes=5)


@dataclass
class Sitting:
    """What a review came to so far: decisions that were kept and still stand, pairs passed, and how long they took."""

    kept: int = 0
    pairs: int = 0
    looked: timedelta = timedelta(0)


@dataclass(frozen=True)
class Desk:
    """Where answers come from and go. `keep` and `take_back` write; both raise Busy and JudgementRefused."""

    ask: Callable[[str], str]
    keep: Callable[[Judgement], object]
    take_back: Callable[[Judgement], object]
    clock: Callable[[], datetime]
    by: str


def run(rows: Sequence[dict[str, Any]], pairs: Sequence[Pair], desk: Desk, sitting: Sitting) -> None:
    """Show pairs and keep what is answered, until the last or `q`; `sitting` always tells how far it came.

    An answer that cannot be kept is told and asked again, so nothing that was typed is lost unseen.
    """
    answered: list[Judgement | None] = []  # one entry a pair passed, None where it was skipped
    while (at := len(answered)) < len(pairs):
        _show(rows[at], pairs[at], f"{at + 1} of {len(pairs)}")
        shown_at = desk.clock()
        letter, _, reason = desk.ask(QUESTION).strip().partition(" ")
        sitting.looked += min(desk.clock() - shown_at, LONGEST_LOOK)
        letter = letter[:1].lower()
        try:
            if letter == "q":
                break
            if letter == "s":
                answered.append(None)
            elif letter == "b":
                _back(answered, desk)
            elif letter in ANSWERS:
                pair = pairs[at]
                judgement = Judgement(
                    pair.left_key, pair.right_key, ANSWERS[letter], desk.by, desk.clock(), reason.strip()
                )
                desk.keep(judgement)
                answered.append(judgement)
            else:
                err.print("Answer with one of the letters m, n, u, s, b, q.")
        except (Busy, JudgementRefused) as trouble:
            err.print(f"[red]{escape(str(trouble))}[/red] Answer again, or s to go on without.")
        sitting.pairs, sitting.kept = len(answered), sum(one is not None for one in answered)


def _back(answered: list[Judgement | None], desk: Desk) -> None:
    """Return to the pair before and take its answer back."""
    if not answered:
        err.print("This is the first pair.")
        return
    former = answered[-1]
    # Only then is it forgotten: what cannot be taken back still stands.
    if former is not None and former.decision != "unsure":
        desk.take_back(former)
    answered.pop()


def _show(row: dict[str, Any], pair: Pair, position: str) -> None:
    now = "they are one customer now" if row["decision"] == "match" else "they are two customers now"
    stake = f" · at stake: {row['at_stake']}" if row["at_stake"] else ""
    out.print(
        f"\n[bold]{position}[/bold]  {now}; that they are one has a probability of {percent(row['probability'])}"
        f"{escape(stake)}"
    )
    print_pair(pair)
