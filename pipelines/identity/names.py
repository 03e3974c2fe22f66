"""A person's name in its parts, and the key under which its forms fall together."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.identity.vocabulary import load


class Name(NamedTuple):
    """A standardised person name; `None` where the record does not say."""

    given: str | None
    family: str | None
    generation: str | None


def given_key(given: str | None) -> str | None:
    """One word that all nicknames of a given name share where that is possible; for counting, not for agreement."""
    if not given:
        return None
    word = given.split()[0]
    return min(load().formal_names.get(word, {word}))
