"""Trouble that is not one feed's: names the thing, the fact and the next step."""

from __future__ import annotations


class Trouble(Exception):
    """Work could not be done. The message is for people: thing, fact, next step."""

    def __init__(self, thing: str, fact: str, next_step: str) -> None:
        self.thing, self.fact, self.next_step = thing, fact.rstrip("."), next_step
        super().__init__(f"{thing}: {self.fact}. {next_step}")
