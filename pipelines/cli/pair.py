"""Two records side by side on a terminal, and evidence in bits on a line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.markup import escape

from pipelines.cli.console import out, table
from pipelines.identity.judgements import Judgement
from pipelines.identity.pair import WRITTEN, Evidence, Pair


def print_pair(pair: Pair) -> None:
    """Both records attribute by attribute as written, with what each attribute says in bits; ≠ marks differences."""
    shown = table("", escape(pair.left_key), "", escape(pair.right_key), "seen", "#bits")
    seen = {one.attribute: one for one in pair.evidence}
    for name, _, attribute in WRITTEN:
        left, right = pair.left[name], pair.right[name]
        found = seen.pop(attribute, None) if attribute else None
        if left or right or found:
            mark = "" if not (left and right) else "=" if _alike(left, right) else "[red]≠[/red]"
            shown.add_row(name, _cell(left), mark, _cell(right), *_said(found))
    for found in sorted(seen.values(), key=lambda one: -abs(one.bits)):
        shown.add_row(found.attribute, "", "", "", *_said(found))
    shown.add_row("[bold]together[/bold]", "", "", "", "", _total(pair))
    out.print(shown)


def evidence_line(evidence: Iterable[Evidence]) -> str:
    """Evidence on one line, the strongest first: 'email same +7.2, given_name slip -0.5'."""
    return ", ".join(f"{one.attribute} {one.level} {one.bits:+.1f}" for one in evidence) or "no evidence is kept"


def bits_of(pair: Pair) -> str:
    """How a pair stands: '+6.2 bits (.986)', or that nothing is kept of it."""
    if pair.bits is None or pair.probability is None:
        return "never found alike enough to keep"
    return f"{pair.bits:+.1f} bits ({percent(pair.probability)})"


def percent(share: float | None) -> str:
    """A share in per cent with the digits that tell it from 0 and 1; UNKNOWN for None."""
    if share is None:
        return "UNKNOWN"
    return f"{share:.1%}" if 0.001 <= share <= 0.999 or share in {0.0, 1.0} else f"{share:.3%}"


def judgement_line(judgement: Judgement) -> str:
    """A judgement on one line."""
    reason = f": {judgement.reason}" if judgement.reason else ""
    day = judgement.decided_at.strftime("%Y-%m-%d")
    return f"{judgement.left_key} {judgement.right_key} {judgement.decision} ({judgement.decided_by}, {day}){reason}"


def _alike(left: str, right: str) -> bool:
    return left.strip().casefold() == right.strip().casefold()


def _cell(value: str | None) -> str:
    return escape(value) if value else "[dim]-[/dim]"


def _said(found: Evidence | None) -> tuple[str, str]:
    return (escape(found.level), f"{found.bits:+.1f}") if found else ("", "")


def _total(pair: Pair) -> str:
    return "UNKNOWN" if pair.bits is None else f"{pair.bits:+.1f}"
