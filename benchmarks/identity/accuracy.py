"""How well records are put together, on public sets and on generated ones of every kind, beside what peers reach.

Every set is resolved by the same command without any setting of its own. Usage: accuracy.py [--sets DIR] [--large]
[--peers] [--only TEXT]; see README.md beside this file.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from labelled_sets import BUILD, LabelledSet, generated_sets, public_sets
from measure import Figures, RunFailed, keep, kept
from rich.console import Console
from rich.table import Table
from runners import OURS, PEERS, changed_at, is_there, run

SMALL, LARGE = 10_000, 100_000
# Both compare pairs one by one in Python or look at everything; a hundred thousand records take them too long.
_SMALL_ONLY = ("recordlinkage", "goldenmatch")
FIGURES = BUILD / "figures"
# F1 of pairs on the public sets with the threshold picked with the truth, and with the one that was fixed before.
_PUBLIC = {
    "febrl3": {"splink": ".998 / .995", "recordlinkage": "1.000 / 1.000", "goldenmatch": ".993"},
    "febrl4": {"splink": "1.000 / .997", "recordlinkage": ".998 / .998", "goldenmatch": ".996"},
    "fake_1000": {"splink": ".934 / .854", "recordlinkage": ".909 / .909", "goldenmatch": ".194"},
    "rldata10000": {"splink": ".901 / .802", "recordlinkage": ".069 / .050", "goldenmatch": ".116"},
    "restaurants": {"splink": ".838 / .828", "recordlinkage": ".763 / .762", "goldenmatch": ".707"},
}


@dataclass(frozen=True)
class Line:
    """What is known of one set: figures, or in their place a pair of published ones or what went wrong."""

    labelled: LabelledSet
    ours: Figures | str
    peers: dict[str, Figures | str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=Path, help="folder of public sets: NAME.parquet beside NAME_truth.parquet")
    parser.add_argument("--large", action="store_true", help=f"generated sets of {LARGE:,} records too")
    parser.add_argument("--peers", action="store_true", help="run peers on sets that they have no figures of")
    parser.add_argument("--only", default="", help="sets whose name contains this")
    parser.add_argument("--threshold", type=float, help="in place of our own")
    options = parser.parse_args()
    console = Console(width=180)
    labelled_sets = [one for one in _all_sets(console, options.sets, options.large) if options.only in one.name]
    has_ours = is_there(OURS)
    if not has_ours:
        console.print("There is no `c360 resolve` here yet: only peers have figures.")
    lines = []
    for labelled in labelled_sets:
        console.print(f"[dim]{labelled.name}[/dim]")
        ours = _run(OURS, labelled, options.threshold) if has_ours else "not there"
        lines.append(Line(labelled, ours, {peer: _peer(peer, labelled, options.peers) for peer in PEERS}))
    console.print(_as_table(lines))
    for line in lines:
        for runner, entry in ({OURS: line.ours} | line.peers).items():
            if isinstance(entry, str) and entry.startswith("failed"):
                console.print(f"{line.labelled.name}, {runner}: {entry}", markup=False)


def _all_sets(console: Console, folder: Path | None, large: bool) -> list[LabelledSet]:
    found = public_sets(folder) if folder else []
    if not found:
        console.print(
            "Public sets are left out: " + (f"none in {folder}." if folder else "name their folder with --sets.")
        )
    found += generated_sets(SMALL)
    if large:
        found += generated_sets(LARGE)
    return found


def _run(runner: str, labelled: LabelledSet, threshold: float | None = None) -> Figures | str:
    try:
        figures = run(runner, labelled, threshold)
    except RunFailed as failure:
        return f"failed: {failure}"
    if threshold is None:
        keep(figures, FIGURES)
    return figures


def _peer(peer: str, labelled: LabelledSet, may_run: bool) -> Figures | str:
    if labelled.name in _PUBLIC and peer in _PUBLIC[labelled.name]:
        return _PUBLIC[labelled.name][peer]
    figures = kept(labelled.name, peer, FIGURES, changed_at(peer, labelled))
    if figures is not None:
        return figures
    if peer in _SMALL_ONLY and labelled.name.endswith("100k"):
        return "too slow"
    return _run(peer, labelled) if may_run else "not measured"


def _as_table(lines: list[Line]) -> Table:
    table = Table(title="Pairs of records put together (F1 of peers: picked with the truth / fixed, or fixed at .95)")
    for heading in ("set", "records", "entities", "precision", "recall", "F1", "B³ F1", "seconds", "peak MB", *PEERS):
        table.add_column(heading, justify="left" if heading == "set" else "right")
    for line in lines:
        ours = line.ours
        if isinstance(ours, Figures):
            own = [
                f"{ours.records:,}", f"{ours.entities:,}", _share(ours.precision), _share(ours.recall), _share(ours.f1),
                _share(ours.bcubed_f1), f"{ours.wall_seconds:.1f}", f"{ours.peak_mb:,.0f}",
            ]  # fmt: skip
        else:
            own = ["", "", "", "", ours.split(":")[0], "", "", ""]
        peers = []
        for entry in line.peers.values():
            peers.append(
                f"{_share(entry.f1)} [dim]{entry.wall_seconds:.0f} s[/dim]"
                if isinstance(entry, Figures)
                else entry.split(":")[0]
            )
        table.add_row(line.labelled.name, *own, *peers)
    return table


def _share(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if value < 1 else "1.000"


if __name__ == "__main__":
    main()
