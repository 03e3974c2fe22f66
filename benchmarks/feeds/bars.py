"""A bar chart as an SVG file: one share a line, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _RIGHT, _TOP, _LINE = 820, 360, 60, 50, 24
_COLOUR, _OTHER_COLOUR = "#1f6feb", "#8c959f"


@dataclass(frozen=True)
class Bar:
    """One line: a share from 0 to 1 with its bounds; `is_ours` sets it off from what it is compared with."""

    name: str
    share: float
    low: float
    high: float
    is_ours: bool = True


def write_bars(title: str, bars: Sequence[Bar], file: Path) -> None:
    """Write the chart, bars from top to bottom."""
    height = _TOP + _LINE * len(bars) + 20
    reach = _WIDTH - _LEFT - _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}">',
        "<style>text {font: 12px sans-serif}</style>",
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="20" y="28" style="font-size: 16px">{escape(title)}</text>',
    ]
    for number, bar in enumerate(bars):
        y = _TOP + number * _LINE
        colour = _COLOUR if bar.is_ours else _OTHER_COLOUR
        low, high = _LEFT + bar.low * reach, _LEFT + bar.high * reach
        parts += [
            f'<text x="{_LEFT - 10}" y="{y + 13}" text-anchor="end">{escape(bar.name)}</text>',
            f'<rect x="{_LEFT}" y="{y + 2}" width="{bar.share * reach:.1f}" height="14" fill="{colour}"/>',
            f'<path d="M{low:.1f} {y + 9}H{high:.1f}" stroke="#24292f" stroke-width="1.5"/>',
            f'<text x="{max(high, _LEFT + bar.share * reach) + 8:.1f}" y="{y + 13}">{bar.share:.0%}</text>',
        ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
