"""How often the model was right, on one screen."""

from __future__ import annotations

from rich.markup import escape

from pipelines.cli.console import out, table
from pipelines.cli.pair import percent
from pipelines.identity.evaluation import SampleEstimate, Score, Share


def print_score(score: Score) -> None:
    """Matches, apart, bands and sample, each with its 95 % interval; what is not known says UNKNOWN."""
    shown = table("the model said", "#judged", "#right", "share", "95 % interval")
    for said, found in (("match", score.matches), ("apart", score.apart)):
        shown.add_row(said, str(found.judged), str(found.right), percent(found.share), _interval(found))
    out.print(shown)
    if score.unsure:
        out.print(f"[dim]{score.unsure} pairs were judged unsure or taken back; they count neither way.[/dim]")
    out.print(
        "[dim]These pairs were chosen for doubt, not by chance: the shares tell how the model does where it doubts, "
        "not how many of all its decisions are right.[/dim]"
    )
    bands = table("probability", "#judged", "#it said", "#found", "95 % interval", "")
    for band in score.bands:
        found = band.matches
        bands.add_row(band.band, str(found.judged), percent(band.said) if band.said is not None else "-",
                      percent(found.share), _interval(found), band.verdict)  # fmt: skip
    out.print(bands)
    _print_sample(score.sample)


def _print_sample(sample: SampleEstimate | None) -> None:
    if sample is None:
        out.print("Precision of all matches: UNKNOWN. Draw a sample by chance: c360 review --sample 100")
        return
    told = f"sample {sample.sample}, {sample.judged} of {sample.drawn} pairs judged, {sample.unsure} unsure"
    if sample.precision is None:
        out.print(f"Precision of all matches: UNKNOWN until each band has an answer ({escape(told)}).")
        return
    out.print(
        f"Precision of all {sample.matches:,} matches: {percent(sample.precision)} "
        f"({percent(sample.low)} to {percent(sample.high)}; {escape(told)})."
    )


def _interval(found: Share) -> str:
    return "UNKNOWN" if found.low is None else f"{percent(found.low)} to {percent(found.high)}"
