"""The catalogue of failures: what each is called, what it does to readers, what explains it, and what people do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict

from connectors.yaml_text import parsed

FOLDER = Path(__file__).parent

Effect = Literal["wrong", "missing", "held", "stale", "late", "drift", "notice", "harm", "owed"]
Stage = Literal["source", "landed", "staged", "warehouse", "published", "monitor"]
Means = Literal["E", "P", "H", "R"]


class Failure(BaseModel):
    """One kind of failure. The heads of `failures.yml` (facts) and `runbook.yml` (words) say what each field means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    modes: tuple[str, ...]
    effect: Effect
    stage: Stage
    under: tuple[str, ...] = ()
    successive: int = 1
    means: str
    readers: str
    look: str
    advice: str
    repair: str
    part: str = "PART"

    def words(self, feed: str, segment: str) -> dict[str, str]:
        """`readers`, `look`, `advice` and `repair` as people are told them of a part of a feed ("" for all of it)."""
        texts = {"readers": self.readers, "look": self.look, "advice": self.advice, "repair": self.repair}
        return {name: text.replace("{feed}", feed).replace("{segment}", segment) for name, text in texts.items()}

    @property
    def is_learned(self) -> bool:
        """Whether it is a deviation from what is usual, which one look alone does not show."""
        return self.successive > 1

    @property
    def anchor(self) -> str:
        """The heading of the runbook that tells of it, as pages link to it."""
        return self.title.lower().replace(" ", "-").replace("'", "").replace(",", "")


class Mode(BaseModel):
    """One way in which one computer fails to feed another. The head of `modes.yml` says what each field means."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: str
    title: str
    by: tuple[Means, ...]
    prevented: str | None = None
    needs: str | None = None


@cache
def load_failures() -> dict[str, Failure]:
    """Name → failure, in the order of the catalogue."""
    words = _read("runbook.yml")
    return {name: Failure(name=name, **facts, **words[name]) for name, facts in _read("failures.yml").items()}


@cache
def load_modes() -> dict[str, Mode]:
    """Id (A1 … G12) → mode."""
    return {mode: Mode(mode=mode, **facts) for mode, facts in _read("modes.yml").items()}


def _read(name: str) -> Mapping[str, dict[str, Any]]:
    _, found = parsed((FOLDER / name).read_text(encoding="utf-8"))
    return cast("Mapping[str, dict[str, Any]]", found)
