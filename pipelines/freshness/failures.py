"""The catalogue of failures: what each is called, what it does to readers, and what explains it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

CATALOGUE = Path(__file__).parent / "failures.yml"

Effect = Literal["wrong", "missing", "held", "stale", "late", "drift", "notice"]
Stage = Literal["source", "landed", "staged", "warehouse", "published", "monitor"]


class Failure(BaseModel):
    """One kind of failure. See the head of `failures.yml` for what each field means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    modes: tuple[str, ...]
    effect: Effect
    stage: Stage
    under: tuple[str, ...] = ()
    successive: int = 1
    means: str = ""
    readers: str = ""
    look: str = ""
    repair: str = ""


@cache
def load_failures() -> dict[str, Failure]:
    """Name → failure, in the order of the catalogue."""
    with CATALOGUE.open(encoding="utf-8") as file:
        return {name: Failure(name=name, **body) for name, body in yaml.safe_load(file).items()}
