"""Scenes in a town of strangers: the accounts of each are few, and all are matched in one run.

The strangers are there so that there is something to tell rare from common by. No two scenes may share a family
name, an address or a number, or one would lend the other its evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sample_company.people import generate, records

from .factory import World

STRANGERS = 300
COLUMNS = ("full_name", "email", "phone", "street", "city", "postal_code", "date_of_birth")


def townspeople() -> list[dict[str, Any]]:
    """Accounts of the strangers, in the columns of accounts."""
    strangers = records(generate(STRANGERS, seed=5, household_share=0.4), 6, per_person=2.0).sort_by("record_id")
    people: list[dict[str, Any]] = strangers.select(COLUMNS).to_pylist()
    return people


class Town:
    """Scenes are set while their module is loaded; the first question after that matches them all."""

    def __init__(self) -> None:
        self.scenes: list[tuple[Mapping[str, Any], ...]] = []

    def scene(self, *accounts: Mapping[str, Any]) -> Scene:
        """Add shop accounts, numbered from 1."""
        self.scenes.append(accounts)
        return Scene(self, len(self.scenes) - 1)

    @cached_property
    def world(self) -> World:
        world = World()
        for at, accounts in enumerate(self.scenes):
            for number, values in enumerate(accounts, start=1):
                world.account(f"{at}-{number}", **values)
        for number, values in enumerate(townspeople()):
            world.add("accounts", "town", number, **values)
        world.resolve()
        return world

    @cached_property
    def customers(self) -> list[list[str]]:
        """The keys of each customer's shop accounts; strangers' keys with their system."""
        return [sorted(cluster) for cluster in self.world.clusters()]


@dataclass(frozen=True)
class Scene:
    """A few accounts of the town."""

    town: Town
    at: int

    def key(self, number: int) -> str:
        return f"shop/accounts/{self.at}-{number}"

    def customers(self) -> set[frozenset[int]]:
        """Numbers of the scene's accounts, grouped by customer."""
        mine = [[key.split("-") for key in keys if key.startswith(f"{self.at}-")] for keys in self.town.customers]
        return {frozenset(int(number) for _, number in keys) for keys in mine if keys}

    def is_one_customer(self) -> bool:
        return len(self.customers()) == 1

    def golden(self, number: int) -> Mapping[str, Any]:
        return self.town.world.golden(f"accounts/{self.at}-{number}")
