"""Learned bands: how far a value may lie from what is usual before it is told.

Many bands are looked at in each sync, so that one look may be wrong about once in a hundred thousand times only. Two
rules see to it. A margin that holds for any distribution of a given spread, by Bernstein's inequality for shares
(Boucheron, Lugosi, Massart: Concentration Inequalities, 2013, p. 36) and robust deviations for levels. And never
less than the worst that training saw, widened, as conformal prediction takes its bounds from past deviations (Vovk,
Gammerman, Shafer: Algorithmic Learning in a Random World, 2005, ch. 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.freshness.day_classes import class_chain, wider_class

# -ln of how often one look at a share may be wrong.
SURPRISE = math.log(1e5)
# A band is wider than the worst deviation of its training by this factor.
BEYOND_WORST = 1.25
# A look at a level deviates by more than this many robust standard deviations.
DEVIATIONS = 5.0
# Where more than half of the values are the same the rest still spreads.
SMALLEST_DEVIATION = 1e-3
MAD_TO_DEVIATION = 1.4826  # of a normal distribution
# A class with fewer values is shrunk towards the wider one.
WHOLE_CLASS = 8
# What few days say of the spread between days is widened: nearly twice after a week, by a fifth after four.
FEW_DAYS = 6.0
# None and all must stay deviations that can be told, however near to them the usual share is.
NEARLY_ALL = 0.9
# A class may lie this factor off until its wider class, or that of a special day, was seen often enough.
SELDOM_SEEN = math.log(4)

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ShareBand:
    """Usual share of rows of which something is true, and how much batches differ (`rho`, correlation within a batch).

    `surprise` is the Bernstein exponent that a deviation must exceed; training saw `rows` rows on `days` days.
    """

    share: float
    rho: float
    surprise: float
    rows: float
    days: int

    def bounds(self, rows: int, least: float) -> tuple[float, float]:
        """Lowest and highest usual share among so many rows; `least` is the smallest deviation that matters."""
        spread = self._spread(rows) * (1 + FEW_DAYS / self.days) ** 2
        linear = self.surprise / (3 * rows)
        margin = linear + math.sqrt(linear**2 + 2 * self.surprise * spread)
        low = max(margin, min(least, NEARLY_ALL * self.share))
        return self.share - low, self.share + max(margin, min(least, NEARLY_ALL * (1 - self.share)))

    def _spread(self, rows: float) -> float:
        return self.share * (1 - self.share) * (1 / rows + self.rho + 1 / self.rows)


def fit_share(hits: Numbers, rows: Numbers, days: int) -> ShareBand:
    """Band of a share from hits among rows, batch by batch; spread between batches by the method of moments."""
    total = float(rows.sum())
    share = float((hits.sum() + 0.5) / (total + 1))  # Jeffreys: never quite none and never quite all
    variance = share * (1 - share)
    within = float((rows * variance).sum())
    pairs = float((rows * (rows - 1)).sum()) * variance
    rho = max(0.0, (float(((hits - rows * share) ** 2).sum()) - within) / pairs) if pairs > 0 else 0.0
    off = np.abs(hits / rows - share)
    spread = variance * (1 / rows + rho + 1 / total)
    worst = float((off**2 / (2 * (spread + off / (3 * rows)))).max())
    return ShareBand(share, min(rho, 1.0), max(SURPRISE, BEYOND_WORST * worst), total, days)


@dataclass(frozen=True)
class LevelBand:
    """Usual level of a value, by class of time, with the robust spread around it.

    `offsets` is class → distance of its median from the pooled `centre`, already shrunk, `deviations` wider class →
    robust standard deviation, and `sizes` how many values a class has. `worst_low` and `worst_high` are the greatest
    deviations trained on, as multiples of that of their class. `rows` is the usual number of rows behind a value; with
    fewer the band widens as for a mean.
    """

    centre: float
    deviation: float
    worst_low: float
    worst_high: float
    rows: float
    days: int
    offsets: Mapping[str, float]
    deviations: Mapping[str, float]
    sizes: Mapping[str, int]

    def usual(self, of_class: str) -> float:
        """The usual level in a class, or in the next wider one that was ever seen."""
        return self.centre + next((self.offsets[name] for name in class_chain(of_class) if name in self.offsets), 0.0)

    def bounds(self, of_class: str, rows: float, least: float) -> tuple[float, float]:
        """Lowest and highest usual level; `least` is the smallest deviation that matters."""
        stretch = math.sqrt(max(1.0, self.rows / max(rows, 1.0))) * (1 + FEW_DAYS / self.days)
        deviation = self.deviations.get(wider_class(of_class), self.deviation) * stretch
        seen = self.sizes.get(wider_class(of_class), 0) if of_class else WHOLE_CLASS
        slack = SELDOM_SEEN * (1 - min(1.0, seen / WHOLE_CLASS))
        low = max(least, max(DEVIATIONS, BEYOND_WORST * self.worst_low) * deviation) + slack
        high = max(least, max(DEVIATIONS, BEYOND_WORST * self.worst_high) * deviation) + slack
        return self.usual(of_class) - low, self.usual(of_class) + high


def fit_level(values: Numbers, rows: Numbers, classes: Sequence[str], days: int) -> LevelBand:
    """Band of a level from values, the rows behind each, and the class of time of each ('' for all: no classes)."""
    centre = float(np.median(values))
    offsets, sizes = _offsets(values - centre, classes)
    off = values - centre - np.array([offsets.get(name, 0.0) for name in classes])
    deviation = max(SMALLEST_DEVIATION, MAD_TO_DEVIATION * float(np.median(np.abs(off))))
    deviations = _deviations(off, classes, deviation)
    off /= np.array([deviations.get(wider_class(name), deviation) for name in classes])
    return LevelBand(
        centre=centre,
        deviation=deviation,
        worst_low=max(0.0, -float(off.min())),
        worst_high=max(0.0, float(off.max())),
        rows=float(np.median(rows)),
        days=days,
        offsets={name: round(offset, 4) for name, offset in offsets.items()},
        deviations={name: round(one, 4) for name, one in deviations.items()},
        sizes=sizes,
    )


def _offsets(off: Numbers, classes: Sequence[str]) -> tuple[dict[str, float], dict[str, int]]:
    """Median distance from the centre by class, each shrunk to the next wider class, the widest to the centre."""
    offsets: dict[str, float] = {}
    sizes: dict[str, int] = {}
    inside: dict[str, list[float]] = {}
    for name, distance in zip(classes, off.tolist(), strict=True):
        for wider in class_chain(name):
            inside.setdefault(wider, []).append(distance)
    for name in sorted(inside, key=lambda one: len(class_chain(one))):
        next_wider = class_chain(name)[1:2]
        base = offsets[next_wider[0]] if next_wider else 0.0
        trust = min(1.0, len(inside[name]) / WHOLE_CLASS)
        offsets[name] = trust * float(np.median(inside[name])) + (1 - trust) * base
        sizes[name] = len(inside[name])
    return offsets, sizes


def _deviations(off: Numbers, classes: Sequence[str], pooled: float) -> dict[str, float]:
    """Robust standard deviation by wider class, shrunk to the pooled one and never under half of it."""
    wider = np.array([wider_class(name) for name in classes])
    found: dict[str, float] = {}
    for name in np.unique(wider[wider != ""]):
        inside = off[wider == name]
        trust = min(1.0, len(inside) / WHOLE_CLASS)
        own = MAD_TO_DEVIATION * float(np.median(np.abs(inside)))
        found[str(name)] = max(pooled / 2, trust * own + (1 - trust) * pooled)
    return found


Band = ShareBand | LevelBand


def to_parameters(band: Any) -> dict[str, Any]:
    """A band of any kind as the ledger keeps it."""
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(band).items()}


def from_parameters(parameters: Mapping[str, Any]) -> Band:
    """A share's or level's band, from what `to_parameters` made of it."""
    return ShareBand(**parameters) if "share" in parameters else LevelBand(**parameters)
