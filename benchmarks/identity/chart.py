"""A line chart as an SVG file, both axes logarithmic: seconds and memory of a matcher by the number of records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 170, 50, 60
_COLOURS = ("#1f6feb", "#bf3989", "#1a7f37", "#9a6700")


@dataclass(frozen=True)
class Line:
    """One line: its name, and (records, value) of each point."""

    name: str
    points: Sequence[tuple[float, float]]


def write_chart(title: str, lines: Sequence[Line], file: Path) -> None:
    """Write the chart; values are positive."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    x_ticks, y_ticks = _decades(min(xs), max(xs)), _decades(min(ys), max(ys))

    def across(x: float) -> float:
        return _place(x, x_ticks, _LEFT, _WIDTH - _RIGHT)

    def up(y: float) -> float:
        return _place(y, y_ticks, _HEIGHT - _BOTTOM, _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">',
        "<style>text {font: 12px sans-serif}</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="28" style="font-size: 16px">{escape(title)}</text>',
    ]
    for tick in x_ticks:
        parts.append(f'<path d="M{across(tick):.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#ddd"/>')
        parts.append(_text(across(tick), _HEIGHT - _BOTTOM + 18, _short(tick), "middle"))
    for tick in y_ticks:
        parts.append(f'<path d="M{_LEFT} {up(tick):.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 8, up(tick) + 4, _short(tick), "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, "records", "middle"))
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, y in line.points:
            parts.append(f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3.5" fill="{colour}"/>')
            parts.append(_text(across(x), up(y) - 8, f"{y:,.1f}" if y < 100 else f"{y:,.0f}", "middle"))
        last_x, last_y = line.points[-1]
        parts.append(_text(across(last_x) + 12, up(last_y) + 4, line.name, "start", colour))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _place(value: float, ticks: Sequence[float], start: float, stop: float) -> float:
    share = (math.log10(value) - math.log10(ticks[0])) / (math.log10(ticks[-1]) - math.log10(ticks[0]))
    return start + share * (stop - start)


def _short(number: float) -> str:
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:g}{name}"
    return f"{number:g}"


def _text(x: float, y: float, words: str, anchor: str, colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
