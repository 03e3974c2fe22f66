"""Four weeks of a feed's ordinary life with profiles, and what comes after it, trained as the pipeline does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from connectors.contract import Announced, FeedContract
from pipelines.freshness.history import Batch, FeedHistory, Run
from pipelines.freshness.learned import SIGNALS
from pipelines.freshness.training import FailedSpan, train
from pipelines.ledger.profiles import ColumnProfile
from tests.pipelines.freshness.history_factory import NOON, ORDERS, a_batch, a_run

HOURLY = ORDERS.model_copy(update={"schedule": "0 * * * *"})
HOUR = timedelta(hours=1)
ROWS = 200


def announcing(*announced: Announced, contract: FeedContract = HOURLY) -> FeedContract:
    """The contract with things announced in it."""
    return contract.model_copy(update={"watch": contract.watch.model_copy(update={"announced": announced})})


def a_profile(batch: Batch, column: str, **facts: object) -> ColumnProfile:
    """The profile of a column whose values all differ."""
    rows = batch.row_count
    plain = ColumnProfile(batch.batch_id, column, rows, nulls=0, distinct=rows, top=1, top_count=1)
    return replace(plain, **facts)  # type: ignore[arg-type]


def ordinary_profiles(batch: Batch, rng: np.random.Generator) -> dict[str, ColumnProfile]:
    """Orders as they usually are: 3 % without e-mail, a middle amount of about 60, nobody's text cut."""
    rows = batch.row_count
    middle = float(60 * np.exp(rng.normal(0, 0.02)))
    german = int(rng.binomial(rows, 0.7))
    hour = batch.landed_at.hour
    found = (
        a_profile(batch, "email", nulls=int(rng.binomial(rows, 0.03))),
        a_profile(batch, "street", longest=30, at_longest=1),
        a_profile(batch, "country", distinct=2, top_count=german, segments={"DE": german, "AT": rows - german}),
        a_profile(batch, "total_amount", q05=15.0, q50=middle, q95=220.0, zeros=int(rng.binomial(rows, 0.01))),
        a_profile(
            batch,
            "ordered_at",
            hours=tuple(rows if one == hour else 0 for one in range(24)),
            high=batch.landed_at.timestamp() - float(rng.uniform(10, 300)),
            age_p95=float(rng.uniform(2500, 3500)),
            new_ages=(rows // 2,),
        ),
    )
    return {profile.column: profile for profile in found}


def lived(days: int = 28, contract: FeedContract = HOURLY) -> FeedHistory:
    """An hourly feed of so many days of about 200 rows a time, the last of them at NOON."""
    rng = np.random.default_rng(5)
    runs: list[Run] = []
    batches: list[Batch] = []
    for back in range(days * 24, -1, -1):
        at = NOON - back * HOUR
        runs.append(a_run(at))
        batches.append(a_batch(len(batches) + 2, at, rows=int(rng.poisson(ROWS)), cursor_high=at.isoformat()))
    profiles = {batch.batch_id: ordinary_profiles(batch, rng) for batch in batches}
    return FeedHistory(contract, NOON, tuple(runs), tuple(batches), (), {}, 0, profiles)


def trained(history: FeedHistory, failed: Collection[FailedSpan] = ()) -> FeedHistory:
    """The history with bands trained on it."""
    return replace(history, bands={(one.failure, one.segment): one for one in train(history, SIGNALS, failed, 1)})


def followed(history: FeedHistory, *batches: Batch, **changed: Sequence[ColumnProfile]) -> FeedHistory:
    """The history after further batches, an hour apart; `changed` is column → its profile in each of them."""
    rng = np.random.default_rng(6)
    profiles = dict(history.profiles)
    for place, batch in enumerate(batches):
        own = {column: found[place] for column, found in changed.items()}
        profiles[batch.batch_id] = ordinary_profiles(batch, rng) | own
    return replace(
        history,
        now=batches[-1].landed_at,
        runs=(*history.runs, *(a_run(batch.landed_at) for batch in batches)),
        batches=(*history.batches, *batches),
        profiles=profiles,
    )


def next_batch(history: FeedHistory, rows: int = ROWS, ahead: int = 1, **facts: object) -> Batch:
    """The batch so many hours after the last one."""
    at = history.batches[-1].landed_at + ahead * HOUR
    return a_batch(history.batches[-1].batch_seq + ahead, at, rows, **{"cursor_high": at.isoformat()} | facts)
