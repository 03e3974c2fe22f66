"""What agreement is worth: a mixture of three kinds of pairs, learned from the records themselves.

A pair of records is one person's (*match*), two people's of one household or firm (*home*), or any two people's
(*chance*). Each kind has its own frequencies of levels; they are learned by expectation maximisation (Fellegi and
Sunter 1969; Winkler 1988), with frequencies of values for agreement (Winkler 1989), and pseudo-counts that hold small
tables to what is known of data entry. The home kind is what decides how strict to be: where households share e-mail,
telephone and address, sharing them says "one home", and the given name and birth date must say "one person"; where
nobody does, it says "one person" by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.identity.matching.evidence import Mask
from pipelines.identity.matching.evidence import Reals as Shares
from pipelines.identity.matching.levels import GIVEN, Comparison, Levels, agreeing
from pipelines.identity.matching.people import FEWEST_PEOPLE

Reals = npt.NDArray[np.float64]

MOST_ROUNDS = 40
# Learning ends when the expected number of matches changes by less than this part.
SETTLED = 1e-3
# Pairs that the starting frequencies of a comparison weigh as much as.
PRIOR_PAIRS = 40.0
# Records of one person beyond the first, and people of one home beyond the first, before the data has spoken.
DUPLICATES, HOUSEMATES = 0.5, 0.3
# Pairs a record of either kind that are there whatever is seen, lest a small table seem to hold none.
FEWEST = 0.02
# Namesakes with like mailboxes before the data has spoken.
FEW_NAMESAKES = 0.005
# Bounds of what one name may tell of another attribute.
LIKELIER_BY_NAME = (-2.0, 10.0)
# Bits of a pair that nothing speaks for or against.
SILENT = -2.0
RAREST = 1e-9
# Of the pairs of a level at least this part are chance, however many look like matches.
FEWEST_BY_CHANCE = 0.02


@dataclass(frozen=True)
class Judged:
    """One comparison of some pairs: its levels, and log2 shares of the values of those that are `of_value`, else 0."""

    levels: Levels
    shares: Shares


@dataclass
class Model:
    """log2 frequencies of levels (level 0 first, and 0) by comparison and kind of pair, and log2 odds of the kinds."""

    comparisons: list[Comparison]
    match: list[Reals]
    home: list[Reals]
    chance: list[Reals]
    # How many times likelier (log2) a level is by chance where the given names agree: names go with regions.
    by_name: list[Reals]
    match_odds: float
    home_odds: float

    def among(self, comparisons: list[Comparison]) -> Model:
        """Return the model of some comparisons; one of which nothing was learned is no evidence."""
        at = {comparison.name: place for place, comparison in enumerate(self.comparisons)}

        def picked(learned: list[Reals]) -> list[Reals]:
            return [learned[at[one.name]] if one.name in at else np.zeros(len(one.levels) + 1) for one in comparisons]

        return Model(
            comparisons, picked(self.match), picked(self.home), picked(self.chance), picked(self.by_name),
            self.match_odds, self.home_odds,
        )  # fmt: skip

    def weights(self, at: int) -> tuple[Reals, Reals]:
        """Bits that each level of a comparison adds for match and for home, before the share of the value."""
        return self.match[at] - self.chance[at], self.home[at] - self.chance[at]

    def weigh(self, judged: list[Judged]) -> tuple[Reals, Reals]:
        """log2 odds of match and of home, each against chance."""
        size = len(judged[0].levels) if judged else 0
        match, home = np.full(size, self.match_odds), np.full(size, self.home_odds)
        for at, (one, shares) in enumerate(zip(judged, self._by_chance(judged), strict=True)):
            for_match, for_home = self.weights(at)
            match += for_match[one.levels] - shares
            home += for_home[one.levels] - (shares if self.comparisons[at].is_shared_at_home else 0)
        return match, home

    def parts(self, judged: list[Judged]) -> list[Reals]:
        """Bits that each comparison adds to the odds of match."""
        by_chance = self._by_chance(judged)
        return [
            self.weights(at)[0][one.levels] - shares
            for at, (one, shares) in enumerate(zip(judged, by_chance, strict=True))
        ]

    def _by_chance(self, judged: list[Judged]) -> Iterator[Shares | Reals]:
        """Shares of the values, corrected where names go with them."""
        namesakes = self.given_names_agree(judged)
        for at, (comparison, one) in enumerate(zip(self.comparisons, judged, strict=True)):
            if not self.match[at].any():
                # Nothing was learned of it, so that a value in common says nothing either.
                yield np.zeros_like(one.shares)
            elif comparison.goes_with_names and namesakes is not None:
                yield one.shares + np.where(namesakes, self.by_name[at][one.levels], 0)
            else:
                yield one.shares

    def given_names_agree(self, judged: list[Judged]) -> Mask | None:
        """Say of each pair whether its given names agree; None where there are none."""
        for comparison, one in zip(self.comparisons, judged, strict=True):
            if comparison is GIVEN:
                return agreeing(GIVEN, one.levels) > 0
        return None

    def score(self, judged: list[Judged]) -> Reals:
        """log2 odds that a pair is one person rather than two, but no lower than what speaks against it.

        A pair of which little is known is unlikely to be one person, since most pairs are not; that is no reason to
        keep two clusters apart which other pairs say are one.
        """
        match, home = self.weigh(judged)
        against = np.zeros(len(match))
        for at, one in enumerate(judged):
            against += np.minimum(self.weights(at)[0][one.levels] - one.shares, 0)
        bits = match - np.logaddexp2(home, 0.0)
        return np.where(bits < 0, np.maximum(bits, against + SILENT), bits)


def learn(
    comparisons: list[Comparison],
    candidates: list[Judged],
    strangers: list[Levels],
    namesakes: list[Judged],
    *,
    records: int,
    sampled: float,
) -> Model:
    """Fit a model.

    `candidates` judges a sample of the candidate pairs, `sampled` being its share of all; `strangers` holds the levels
    of pairs drawn at random from all pairs, one array a comparison, and `namesakes` judges pairs drawn at random from
    those with one given name. `records` is the size of the table.
    """
    # Pairs that chance has its frequency in: of a small table as if its records were drawn from a population.
    all_pairs = max(records * (max(records, FEWEST_PEOPLE) - 1) / 2, 1.0)
    weight = 1 / sampled if sampled else 0.0
    overall = [_frequencies(levels, len(one.levels)) for one, levels in zip(comparisons, strangers, strict=True)]
    model = Model(
        comparisons,
        match=[_log([level.match for level in one.levels]) for one in comparisons],
        home=[_home(one, overall[at]) for at, one in enumerate(comparisons)],
        chance=[_by_chance(one, overall[at]) for at, one in enumerate(comparisons)],
        by_name=[np.zeros(len(one.levels) + 1) for one in comparisons],
        match_odds=float(np.log2(records * DUPLICATES / all_pairs)),
        home_odds=float(np.log2(records * HOUSEMATES / all_pairs)),
    )
    agreeing_names = _agreeing_names(comparisons, candidates)
    former = 0.0
    for _ in range(MOST_ROUNDS):
        match, home = model.weigh(candidates)
        total = np.logaddexp2(np.logaddexp2(match, home), 0.0)
        is_match, is_home = np.exp2(match - total), np.exp2(home - total)
        are_strangers = 1 - 1 / (1 + np.exp2(-model.weigh(namesakes)[0])) if namesakes else np.zeros(0)
        matches, homes = (float(kind.sum()) * weight + FEWEST * records for kind in (is_match, is_home))
        model.match_odds, model.home_odds = (float(np.log2(kind / all_pairs)) for kind in (matches, homes))
        for at, (comparison, judged) in enumerate(zip(comparisons, candidates, strict=True)):
            size = len(comparison.levels)
            seen_match, seen_home, seen_other = (
                np.asarray(weight * np.bincount(judged.levels, weights=kind, minlength=size + 1)[1:], dtype=np.float64)
                for kind in (is_match, is_home, 1 - is_match)
            )
            model.match[at] = _updated(seen_match, [level.match for level in comparison.levels])
            # What is left of all pairs when those of one person or one home are taken out.
            everything = overall[at] * all_pairs
            rest = np.maximum(everything - seen_match - seen_home, FEWEST_BY_CHANCE * everything) + 0.5 / size
            rest /= rest.sum()
            for number, level in enumerate(comparison.levels):
                if level.of_names:
                    # Nearly all pairs of like names are candidates, so these tell how often it happens by chance.
                    others = weight * float((1 - is_match)[agreeing_names == level.of_names].sum())
                    rest[number] = (seen_other[number] + FEW_NAMESAKES * PRIOR_PAIRS) / (others + PRIOR_PAIRS)
            if comparison.goes_with_names and len(namesakes):
                by_name = np.bincount(namesakes[at].levels, weights=are_strangers, minlength=size + 1)[1:]
                likelier = _updated(by_name.astype(np.float64), rest) - _log(rest)
                of_names = [level.of_whole_name for level in comparison.levels]
                model.by_name[at] = np.where([True, *of_names], 0, np.clip(likelier, *LIKELIER_BY_NAME))
            model.chance[at] = _by_chance(comparison, rest)
            model.home[at] = _home(comparison, rest, seen_home)
        if abs(matches - former) < SETTLED * matches:
            break
        former = matches
    return model


def _agreeing_names(comparisons: list[Comparison], candidates: list[Judged]) -> Levels:
    """How many names of each candidate agree."""
    count = np.zeros(len(candidates[0].levels) if candidates else 0, dtype=np.int8)
    for comparison, judged in zip(comparisons, candidates, strict=True):
        if comparison.names_agree_to:
            count += agreeing(comparison, judged.levels)
    return count


def _frequencies(levels: Levels, size: int) -> Reals:
    counts = np.bincount(levels, minlength=size + 1)[1:].astype(np.float64) + 0.5 / size
    return np.asarray(counts / counts.sum())


def _by_chance(comparison: Comparison, frequencies: Reals) -> Reals:
    """log2 frequencies; of levels that are as likely as their value is common, the value's share takes the place."""
    of_value = np.array([level.of_value for level in comparison.levels])
    return _log(np.where(of_value, 1.0, frequencies))


def _home(comparison: Comparison, chance: Reals, seen: Reals | None = None) -> Reals:
    if comparison.is_shared_at_home:
        expected = np.array([level.home or 0.0 for level in comparison.levels])
        return _log(expected) if seen is None else _updated(seen, expected)
    likelier = np.array([0.0, *(comparison.home_bits or [0.0] * len(chance))])
    return np.asarray(_by_chance(comparison, chance) + likelier, dtype=np.float64)


def _updated(seen: Reals, expected: Reals | list[float]) -> Reals:
    counts = seen + PRIOR_PAIRS * np.asarray(expected)
    return _log(counts / counts.sum())


def _log(frequencies: Reals | list[float]) -> Reals:
    return np.concatenate([[0.0], np.log2(np.maximum(np.asarray(frequencies, dtype=np.float64), RAREST))])
