"""Read a feed's evidence from the ledger: tens of thousands of rows a round, so they are handled column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connectors.contract import FeedContract
from pipelines.freshness.history import SPAN, Batch, CredentialsSpan, FeedHistory, Refusal, Run, SourceAnswer
from pipelines.ledger.band_models import last_training, read_bands
from pipelines.ledger.breaches import BreachRecord, codes_since, read_breaches
from pipelines.ledger.database import Ledger, moment, stamp
from pipelines.ledger.findings import failing_before
from pipelines.ledger.leases import is_held
from pipelines.ledger.links import read_count, read_followed, read_links, read_totals
from pipelines.ledger.profiles import profiles_by_batch
from pipelines.ledger.reconciles import read_results

RULES_BEFORE = timedelta(days=1)  # a contract that changes after that has nothing to do with a failure
MOST_RUNS = 3_000  # a run each 15 minutes over four weeks

Made = TypeVar("Made")
Convert = Mapping[str, Callable[[Any], object]]

_at = datetime.fromisoformat


def read_history(ledger: Ledger, contract: FeedContract, now: datetime) -> FeedHistory:
    """The feed's evidence, from the ledger alone."""
    feed, since = contract.feed, stamp(now - SPAN)
    marks = ledger.rows(
        "SELECT stage, clock, max(value) AS value FROM high_water_mark WHERE feed = ? GROUP BY stage, clock", feed
    )
    held = ledger.row("SELECT * FROM quarantine_count WHERE feed = ?", feed)
    lease = ledger.row("SELECT renewed_at FROM lease WHERE resource = ?", f"feed:{feed}")
    published = ledger.row("SELECT max(published_at) AS at FROM publication")
    breaches: dict[str, list[BreachRecord]] = {}
    for breach in read_breaches(ledger, feed, now - SPAN):
        breaches.setdefault(breach.batch_id, []).append(breach)
    rules = ledger.row("SELECT first_seen_at FROM feed_contract WHERE feed = ? AND version = ?", feed, contract.version)
    rules_since = _at(rules["first_seen_at"]) if rules else None
    return FeedHistory(
        contract=contract,
        now=now,
        runs=_runs(ledger, feed, since),
        batches=_batches(ledger, feed, since),
        answers=_answers(ledger, feed, since),
        marks={(row["stage"], row["clock"]): _at(row["value"]) for row in marks},
        held_rows=held["held"] if held else 0,
        profiles=profiles_by_batch(ledger, feed, now - SPAN),
        refusals=_refusals(ledger, feed, since),
        heartbeat_at=moment(lease["renewed_at"]) if lease else None,
        is_worked_on=is_held(ledger, f"feed:{feed}", now),
        published_at=moment(published["at"]) if published else None,
        held_since=moment(held["oldest_at"]) if held else None,
        counted_at=moment(held["counted_at"]) if held else None,
        breaches=breaches,
        codes_since=codes_since(ledger, feed),
        links=read_links(ledger, feed),
        totals=read_totals(ledger, feed),
        followed=read_followed(ledger, feed),
        staged_count=read_count(ledger, feed),
        rules_since=rules_since,
        failing_before_rules=tuple(failing_before(ledger, feed, contract.version, rules_since - RULES_BEFORE))
        if rules_since
        else (),
        bands={
            (model.failure, model.segment): model for model in read_bands(ledger, feed, last_training(ledger, feed)[0])
        },
        reconciles=tuple(read_results(ledger, feed, now - SPAN)),
        credentials=_credentials(ledger, feed, since),
    )


def _runs(ledger: Ledger, feed: str, since: str) -> tuple[Run, ...]:
    expressions = {name: f"coalesce({name}, 0)" for name in ("rows_landed", "rows_reread")}
    expressions |= {name: f"coalesce({name}, '')" for name in ("undeclared_columns", "missing_columns")}
    columns = ", ".join(expressions.get(one.name, one.name) for one in fields(Run))
    # rowid, as the index is in its order: nothing is left to sort.
    found = ledger.tuples(
        f"""SELECT {columns} FROM feed_run WHERE feed = ? AND started_at >= ? AND kind <> 'reconcile'
            ORDER BY started_at DESC, rowid DESC LIMIT ?""",
        feed,
        since,
        MOST_RUNS,
    )
    names = dict.fromkeys(("undeclared_columns", "missing_columns"), _names)
    # In the order in which they ran: a clock that was wrong dates a run among others.
    found.sort(key=lambda row: row[0], reverse=True)
    return _made(Run, found, names | dict.fromkeys(("started_at", "ended_at", "credentials_end"), _at))


def _batches(ledger: Ledger, feed: str, since: str) -> tuple[Batch, ...]:
    columns = ", ".join(f"{'t' if one.name.startswith('rows_') else 'b'}.{one.name}" for one in fields(Batch))
    found = ledger.tuples(
        f"""SELECT {columns}
            FROM feed_batch AS b LEFT JOIN stage_tally AS t ON t.batch_id = b.batch_id AND t.stage = 'staged'
            WHERE b.feed = ? AND (b.landed_at >= ? OR b.state <> 'staged') AND b.kind <> 'reconcile'
            ORDER BY b.batch_seq DESC LIMIT ?""",
        feed,
        since,
        MOST_RUNS,
    )
    return _made(Batch, found, {"landed_at": _at, "staged_at": _at, "ends_mid_line": bool})


def _answers(ledger: Ledger, feed: str, since: str) -> tuple[SourceAnswer, ...]:
    columns = ", ".join(one.name for one in fields(SourceAnswer))
    found = ledger.tuples(
        f"""SELECT {columns} FROM source_probe WHERE feed = ? AND probed_at >= ?
            ORDER BY probed_at DESC, rowid DESC LIMIT ?""",
        feed,
        since,
        MOST_RUNS,
    )
    return _made(SourceAnswer, found, dict.fromkeys(("probed_at", "source_clock", "heartbeat", "fed_until"), _at))


def _refusals(ledger: Ledger, feed: str, since: str) -> tuple[Refusal, ...]:
    found = ledger.tuples(
        """SELECT reason, holder, refused_at FROM lease_refusal WHERE feed = ? AND refused_at >= ?
           ORDER BY refused_at DESC, rowid DESC""",
        feed,
        since,
    )
    return _made(Refusal, found, {"refused_at": _at})


def _credentials(ledger: Ledger, feed: str, since: str) -> tuple[CredentialsSpan, ...]:
    found = ledger.tuples(
        """SELECT verdict, reason, first_at, last_at FROM credentials_probe WHERE feed = ? AND last_at >= ?
           ORDER BY first_at DESC""",
        feed,
        since,
    )
    return _made(CredentialsSpan, found, dict.fromkeys(("first_at", "last_at"), _at))


def _made(kind: type[Made], newest_first: Sequence[tuple[Any, ...]], convert: Convert) -> tuple[Made, ...]:
    """Records of a dataclass, oldest first, from rows that hold its fields in their order; None stays None."""
    if not newest_first:
        return ()
    names = [one.name for one in fields(kind)]  # type: ignore[arg-type]
    columns: dict[str, Sequence[Any]] = dict(zip(names, zip(*reversed(newest_first), strict=True), strict=True))
    for name, of in convert.items():
        columns[name] = [None if value is None else of(value) for value in columns[name]]
    return tuple(_record(kind, names, row) for row in zip(*columns.values(), strict=True))


def _record(kind: type[Made], names: Sequence[str], row: tuple[Any, ...]) -> Made:
    """One record, its fields set at once: setting each through a frozen class is slow."""
    made = object.__new__(kind)
    vars(made).update(zip(names, row))  # noqa: B905  (a row has as many values as there are names)
    return made


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()
