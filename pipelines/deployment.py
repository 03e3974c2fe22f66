"""One deployment as plain functions see it: home folder, contracts, environment and clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from connectors.contract import FeedContract
from pipelines.effort import Stopwatch
from pipelines.settings import Home

# How long a second sync waits for the first to finish with a feed or with the warehouse before it says so.
LEASE_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True)
class Deployment:
    """Everything that work on feeds needs to know. `environment` holds secrets and is never printed.

    `churn_limit`: share of customers that a full match may affect unasked; None for the declared one (`churn.Limit`).
    `alerts_file`: who is told of what; None for the home's own file. `openlineage`: where lineage events go.
    `mask_key`: what pseudonyms of the masked file are made with; None for the home's own, which the ledger keeps.
    `stopwatch`: measures what work costs.
    """

    home: Home
    catalog: Mapping[str, FeedContract]
    environment: Mapping[str, str] = field(repr=False)
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    patience: timedelta = LEASE_PATIENCE
    churn_limit: float | None = None
    alerts_file: Path | None = None
    openlineage: str | None = field(default=None, repr=False)
    mask_key: str | None = field(default=None, repr=False)
    stopwatch: Stopwatch = field(default_factory=Stopwatch, repr=False)
