"""How two names relate: the same, possibly the same, or clearly two people.

Pure functions on standardised names; `compare` applies them to distinct pairs and `cluster` to the names that would
meet in one cluster, so that both mean the same by "clearly different". Nothing here knows records or tables.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from pipelines.identity.vocabulary import load

# Jaro-Winkler similarity from which two spellings count as one name: jon/john .93, schmidt/schmitt .94.
SAME_SPELLING = 0.92
# Below it two names are clearly different: john/jane .70, peter/paul .74; mark/maria (.82) stays undecided.
CLEARLY_DIFFERENT = 0.80
# One typing slip is forgiven from this length on; ann/ane or ali/eli may well be two people.
SLIP_LENGTH = 5

# Endings that turn a man's name into a woman's. Brother and sister share household, surname and e-mail,
# so a pair that differs by one of these alone is two people, however alike the spelling.
GENDERED_ENDINGS = (
    ("", "a"), ("o", "a"), ("us", "a"), ("an", "ina"), ("an", "ine"), ("e", "a"), ("i", "a"), ("", "ina"), ("", "lla"),
    ("e", "efa"), ("", "efa"), ("", "fa"),
)  # fmt: skip
# Endings that do so in some names and are slips in others: neither agreement nor conflict.
UNSURE_ENDINGS = (("", "e"), ("", "le"), ("", "lle"), ("", "ne"), ("", "tte"), ("", "ette"), ("", "y"), ("", "ie"))

Relation = Literal["full", "given_only", "partial", "unclear", "different", "other_script"]
Agreement = Literal["same", "initial", "unclear", "different"]


class Name(NamedTuple):
    """A standardised person name; `None` where the record does not say."""

    given: str | None
    family: str | None
    generation: str | None


class NameComparison(NamedTuple):
    """`agreement` from 0 to 1 is for people to read; `relation` is what the rules use."""

    relation: Relation
    agreement: float


def compare(left: Name, right: Name) -> NameComparison:
    """Relate two names.

    full: one name in two spellings, orders or nicknames. given_only: same given name, another family name, as after a
    marriage. partial: an initial or a lone word that fits. different: clearly two people. other_script: written in two
    scripts, so the spelling says nothing. unclear: none of these.
    Both names must have a given or a family name. The result does not depend on which name comes first.
    """
    if left.generation and right.generation and left.generation != right.generation:
        return NameComparison("different", 0.0)
    if _script(left.given or left.family or "") != _script(right.given or right.family or ""):
        return _compare_scripts(left, right)
    if not (left.given and left.family and right.given and right.family):
        return _compare_incomplete(left, right)
    given, family = given_names(left.given, right.given), family_names(left.family, right.family)
    if given == "same" and family == "same":
        return NameComparison("full", _agreement(left, right))
    if _is_swapped(left, right) or _is_contained(left, right):
        return NameComparison("full", 0.93)
    if given == "initial":
        return NameComparison("partial", 0.8) if family == "same" else NameComparison("unclear", 0.5)
    if given == "same":
        return NameComparison("given_only", 0.6)
    if given == "different" and not _crosses(left, right):
        return NameComparison("different", 0.3 if family == "same" else 0.0)
    return NameComparison("unclear", 0.6 if family == "same" else 0.3)


def slips_of(known: Name, left: Name, right: Name) -> bool:
    """Say whether two names that look different are `known` in two wrong spellings: rmi and reim of remi.

    Never so for names that people have, for names of man and woman, or by way of nicknames.
    """
    if left.generation != right.generation or not (left.given and right.given and known.given):
        return False
    one, other, true = (name.split()[0] for name in (left.given, right.given, known.given))
    return (
        not (_formal(one) and _formal(other))
        and not _differ_by(one, other, GENDERED_ENDINGS)
        and _spelling(one, true) == "same" == _spelling(other, true)
        and compare(left, known).relation == "full" == compare(right, known).relation
    )


@lru_cache(maxsize=1 << 17)
def given_names(left: str, right: str) -> Agreement:
    """Relate two given names, each one or more words."""
    if left == right:
        return "same" if len(left) > 1 else "initial"
    left_words, right_words = left.split(), right.split()
    first, second = left_words[0], right_words[0]
    if len(first) == 1 or len(second) == 1:
        if len(left_words) > 1 and len(right_words) > 1 and set(left_words) & set(right_words) - {first, second}:
            return "same"
        # Bill may sign as W.
        return "initial" if not _initials(first).isdisjoint(_initials(second)) else "different"
    if set(left_words) <= set(right_words) or set(right_words) <= set(left_words):
        return "same"
    if _script(first) != _script(second):
        return "unclear"
    if left.replace(" ", "") == right.replace(" ", ""):
        return "same"
    if len(left_words) > 1 and len(right_words) > 1:
        if _spelling(left, right) == "same" and set(left_words) & set(right_words):
            return "same"
        if given_names(left_words[1], right_words[1]) == "different":
            # Jean-Paul and Jean-Pierre may be brothers, or one man with two middle names.
            return "different" if _single_names(first, second) == "different" else "unclear"
    return _single_names(first, second)


def _single_names(first: str, second: str) -> Agreement:
    """Relate two given names of one spelled-out word each, in one script."""
    if _share_formal_name(first, second):
        return "same"
    if _differ_by(first, second, GENDERED_ENDINGS):
        return "different"
    if _is_misspelt_formal_name(first, second) or _is_misspelt_formal_name(second, first):
        return "same"
    if _differ_by(first, second, UNSURE_ENDINGS):
        return "unclear"
    spelling = _spelling(first, second)
    if _formal(first) and _formal(second):
        # Two names that people have: Susan is no slip of Stan, nor Marta of Maria.
        return "unclear" if spelling == "same" else "different"
    return spelling


@lru_cache(maxsize=1 << 17)
def family_names(left: str, right: str) -> Agreement:
    """Relate two family names; one word of a double-barrelled name is enough."""
    if left == right or left.replace(" ", "") == right.replace(" ", ""):
        return "same"
    if _script(left) != _script(right):
        return "unclear"
    shared = {word for word in left.split() if len(word) > 2} & set(right.split())
    return "same" if shared else _spelling(left, right)


def birth_dates_agree(left: str, right: str) -> bool:
    """Say whether two dates 'YYYYMMDD' may be one date: equal, one digit mistyped, or day and month swapped."""
    if left == right or (left[:4] == right[:4] and left[4:6] == right[6:] and left[6:] == right[4:6]):
        return True
    return sum(a != b for a, b in zip(left, right, strict=True)) == 1


def given_key(given: str | None) -> str | None:
    """One word that all nicknames of a given name share where that is possible; for blocking, not for agreement."""
    if not given:
        return None
    word = given.split()[0]
    return min(load().formal_names.get(word, {word}))


def _compare_scripts(left: Name, right: Name) -> NameComparison:
    """Compare by sound where the letters of both can be written in Latin ones; else the spelling says nothing."""
    one, other = (Name(*(_latin(part) if part else None for part in name)) for name in (left, right))
    readable = all(_script(part) == "LATIN" for name in (one, other) for part in name[:2] if part)
    if readable and compare(one, other).relation == "full":
        return NameComparison("full", 0.9)
    return NameComparison("other_script", 0.5)


def _latin(text: str) -> str:
    return "".join(load().latin_letters.get(char, char) for char in text)


def _compare_incomplete(left: Name, right: Name) -> NameComparison:
    left_words = [word for word in (left.given, left.family) if word]
    right_words = [word for word in (right.given, right.family) if word]
    if left == right:
        # A lone given name is a mononym; a lone family name is shared by a whole family.
        return NameComparison("full", 1.0) if left.given and len(left.given) > 1 else NameComparison("partial", 0.8)
    relations = {_either(one, other) for one in left_words for other in right_words}
    if "same" in relations:
        return NameComparison("partial", 0.8)
    if relations == {"different"}:
        return NameComparison("different", 0.0)
    return NameComparison("unclear", 0.5)


def _either(left: str, right: str) -> Agreement:
    return "same" if "same" in (given_names(left, right), family_names(left, right)) else given_names(left, right)


def _spelling(left: str, right: str) -> Agreement:
    similarity = JaroWinkler.similarity(left, right)
    if similarity >= SAME_SPELLING:
        return "same"
    if _is_one_slip(left, right):
        return "same"
    return "different" if similarity < CLEARLY_DIFFERENT else "unclear"


def _is_one_slip(left: str, right: str) -> bool:
    return min(len(left), len(right)) >= SLIP_LENGTH and OSA.distance(left, right, score_cutoff=1) <= 1


def _share_formal_name(left: str, right: str) -> bool:
    formal = load().formal_names
    return not formal.get(left, frozenset((left,))).isdisjoint(formal.get(right, frozenset((right,))))


def _initials(word: str) -> frozenset[str]:
    """First letters under which somebody with this given name may sign."""
    return frozenset(name[0] for name in _formal(word)) | {word[0]}


def _formal(word: str) -> frozenset[str]:
    return load().formal_names.get(word, frozenset())


def _is_misspelt_formal_name(word: str, nickname: str) -> bool:
    """Say whether `word` is an unknown name that is spelt like a formal name of `nickname`: willliam and bill."""
    return not _formal(word) and any(
        _is_one_slip(word, formal) and not _differ_by(word, formal, GENDERED_ENDINGS + UNSURE_ENDINGS)
        for formal in _formal(nickname)
    )


def _differ_by(left: str, right: str, endings: tuple[tuple[str, str], ...]) -> bool:
    for one, other in endings:
        for first, second in ((left, right), (right, left)):
            if first.endswith(one) and second.endswith(other):
                stem = first[: len(first) - len(one)]
                if len(stem) > 2 and stem == second[: len(second) - len(other)]:
                    return True
    return False


def _is_swapped(left: Name, right: Name) -> bool:
    assert left.given and left.family and right.given and right.family  # noqa: S101, PT018
    return family_names(left.given, right.family) == "same" == family_names(left.family, right.given)


def _is_contained(left: Name, right: Name) -> bool:
    """All words of the shorter name, two or more, occur in the longer: second given or family names left out.

    One word in three or more may be misspelt.
    """
    left_text, right_text = f"{left.given} {left.family}", f"{right.given} {right.family}"
    if left_text.count(" ") == right_text.count(" ") == 1:
        return left_text == right_text
    left_words, right_words = set(left_text.split()), set(right_text.split())
    shared = left_words & right_words
    if len(shared) < 2:
        return False
    left_rest, right_rest = left_words - shared, right_words - shared
    if not left_rest or not right_rest:
        return True
    return len(left_rest) == len(right_rest) == 1 and given_names(*left_rest, *right_rest) == "same"


def _crosses(left: Name, right: Name) -> bool:
    """One name's given name is the other's family name: perhaps swapped and misspelt, so no proof of two people."""
    assert left.given and left.family and right.given and right.family  # noqa: S101, PT018
    return "same" in (family_names(left.given, right.family), family_names(left.family, right.given))


def _agreement(left: Name, right: Name) -> float:
    if left == right:
        return 1.0
    one, other = f"{left.given} {left.family}", f"{right.given} {right.family}"
    # Nicknames agree by knowledge, not by spelling; the spelling may only raise the figure.
    return round(max(0.95, JaroWinkler.similarity(one, other)), 3)


@lru_cache(maxsize=1 << 16)
def _script(word: str) -> str:
    return "LATIN" if word.isascii() else unicodedata.name(word[0], "UNKNOWN").split()[0]
