"""The words that standardisation and comparison know: titles, legal forms, nicknames, role mailboxes and the like.

The words live in `vocabulary.yml` and `nicknames.csv` beside this file; here they are only read. What is done with
them lives in `standardise` and `names`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from connectors.yaml_text import parsed

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Vocabulary:
    """Folded words by their use; `formal_names` maps a given name to every formal name that it may stand for."""

    titles: frozenset[str]
    suffixes: frozenset[str]
    generations: dict[str, str]
    family_particles: frozenset[str]
    placeholder_names: frozenset[str]
    legal_forms: frozenset[str]
    telling_legal_forms: frozenset[str]
    cased_legal_forms: frozenset[str]
    role_mailboxes: frozenset[str]
    placeholder_mailboxes: frozenset[str]
    placeholder_domains: frozenset[str]
    freemail_domains: frozenset[str]
    placeholder_birth_dates: frozenset[str]
    street_words: dict[str, str]
    street_tails: dict[str, str]
    countries: dict[str, str]
    latin_letters: dict[str, str]
    formal_names: dict[str, frozenset[str]]


@cache
def load() -> Vocabulary:
    """Read the word lists once a process."""
    _, lists = parsed((FOLDER / "vocabulary.yml").read_text(encoding="utf-8"))
    words: dict[str, Any] = {name: frozenset(v) if isinstance(v, list) else v for name, v in lists.items()}
    return Vocabulary(**words, formal_names=_formal_names())


def _formal_names() -> dict[str, frozenset[str]]:
    formal: dict[str, set[str]] = {}
    with (FOLDER / "nicknames.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            formal.setdefault(row["formal"], set()).add(row["formal"])
            for variant in row["variants"].split():
                formal.setdefault(variant, set()).add(row["formal"])
    return {name: frozenset(names) for name, names in formal.items()}
