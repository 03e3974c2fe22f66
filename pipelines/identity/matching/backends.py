"""What can weigh pairs: our own model, or Splink in DuckDB or on Spark. All else is the same with each."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from pipelines.identity.matching.roles import DEFAULT_THRESHOLD, WrongInput

if TYPE_CHECKING:
    from pipelines.identity.matching.engine import Matching
    from pipelines.identity.matching.evidence import Evidence
    from pipelines.identity.matching.judgements import Judgements


class Backend(StrEnum):
    """What weighs pairs."""

    OURS = "ours"
    SPLINK = "splink"
    SPLINK_SPARK = "splink-spark"


class Matcher(Protocol):
    """Clusters records; see `engine.match`."""

    def __call__(self, evidence: Evidence, *, threshold: float, judged: Judgements) -> Matching:
        """Bits of the pairs and the clusters that follow from them."""
        ...


# Splink counts the attributes of a pair as independent, so its weights overstate where ours understate. Odds of nine to
# one lie between what is best on generated sets of people in homes (32) and of organisations (1/2).
DEFAULT_THRESHOLDS = {Backend.OURS: DEFAULT_THRESHOLD, Backend.SPLINK: 0.9, Backend.SPLINK_SPARK: 0.9}
# Modules that come with the extras.
EXTRAS = {Backend.SPLINK: ("splink", ["splink"]), Backend.SPLINK_SPARK: ("spark", ["splink", "pyspark"])}


def matcher(backend: Backend) -> Matcher:
    """The way from evidence to clusters with this backend. Raises WrongInput where it is not installed."""
    if backend is Backend.OURS:
        from pipelines.identity.matching import engine

        return engine.match
    extra, modules = EXTRAS[backend]
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise WrongInput(
            f"--backend {backend} needs {' and '.join(missing)}, which is not installed. "
            f"Install it with pip install 'customer-360[{extra}]', or leave --backend out."
        )
    from pipelines.identity.matching.with_splink import match

    return partial(match.match, on_spark=backend is Backend.SPLINK_SPARK)
