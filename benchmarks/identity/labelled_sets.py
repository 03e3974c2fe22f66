"""The labelled sets: public ones from a folder, and generated ones of every kind, made when they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kinds import KINDS
from people import make

HERE = Path(__file__).parent
BUILD = Path("build/benchmarks/identity")
SEED = 1


@dataclass(frozen=True)
class LabelledSet:
    """Records, who they are, and what their columns mean."""

    name: str
    records: Path
    truth: Path
    roles: Path
    duplicate_free: bool = False  # each source has an entity once at most; a matcher that can be told so is told


def public_sets(folder: Path) -> list[LabelledSet]:
    """The sets of a folder that roles are written for: NAME.parquet beside NAME_truth.parquet."""
    found = []
    for roles in sorted((HERE / "roles").glob("*.yml")):
        name = roles.stem
        labelled = LabelledSet(
            name, folder / f"{name}.parquet", folder / f"{name}_truth.parquet", roles, duplicate_free=name == "febrl4"
        )
        if labelled.records.exists() and labelled.truth.exists():
            found.append(labelled)
    return found


def generated_sets(records: int) -> Iterator[LabelledSet]:
    """A set of every kind, and of every share of households that the kind is tried with."""
    for kind_name, kind in KINDS.items():
        for share in kind.households:
            yield generated_set(kind_name, records, share)


def generated_set(kind_name: str, records: int, household_share: float) -> LabelledSet:
    """One generated set; made on first use. Its name says what it is: `crm-30-10k` has 30% of the people in homes."""
    size = f"{records // 1000}k" if records >= 1000 else str(records)
    name = f"{kind_name}-{round(100 * household_share)}-{size}"
    folder = BUILD / "sets"
    labelled = LabelledSet(
        name,
        folder / f"{name}.parquet",
        folder / f"{name}_truth.parquet",
        folder / f"{name}.yml",
        duplicate_free=KINDS[kind_name].duplicate_free,
    )
    # The roles file is written last, so that a set whose making was stopped is made anew.
    if not labelled.roles.exists() or labelled.roles.stat().st_mtime < _recipe_time():
        make(kind_name, records, SEED, household_share, folder, name)
    return labelled


def _recipe_time() -> float:
    """When what sets are made from was last changed, in seconds since 1970."""
    sample_company = HERE.parents[1] / "sample_company"
    recipe = [HERE / f"{name}.py" for name in ("people", "kinds", "population", "corruption")]
    return max(file.stat().st_mtime for file in (*recipe, *sample_company.glob("*.py")))
