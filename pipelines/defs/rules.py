"""Asset checks of a staging asset: one per rule of the feed's suite, and that no row was lost on the way.

A rule without evidence (nothing was staged, or no row had a value to look at) gives no result: Dagster shows the check
as skipped, neither passed nor failed. Rows that fail a stop rule are in quarantine, which is no failure of the run.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

import dagster as dg

from connectors.contract import FeedContract
from expectations.suites import rules_for
from pipelines.column_rules import entity_facts
from pipelines.defs.keys import staging_key
from pipelines.ingest import FeedOutcome
from pipelines.ledger.evidence import CheckRecord

NOTHING_LOST = "nothing_lost"
_SEVERITIES = {"stop": dg.AssetCheckSeverity.ERROR, "tell": dg.AssetCheckSeverity.WARN}
_WHAT_HAPPENS = {"stop": "Rows that fail are quarantined", "tell": "Rows that fail go on and are counted"}


def check_name(rule: str) -> str:
    """A rule's name in the characters that Dagster allows."""
    return re.sub(r"\W", "_", rule, flags=re.ASCII)


def rule_specs(contract: FeedContract, now: datetime) -> list[dg.AssetCheckSpec]:
    """The checks of the feed's staging asset. `now` only bounds the rules about the future, not which there are."""
    key = staging_key(contract)
    specs = [
        dg.AssetCheckSpec(
            check_name(rule.name),
            asset=key,
            description=f"Fails when {rule.reason}. {_WHAT_HAPPENS[rule.severity]}.",
            metadata={"expectation": rule.expectation, "columns": ", ".join(rule.columns)},
        )
        for rule in rules_for(entity_facts(contract), now=now, future_limit=timedelta(0))
    ]
    lost = (
        "Fails when rows in ≠ new + changed + unchanged + quarantined + duplicate + refused, over the staged batches."
    )
    return [*specs, dg.AssetCheckSpec(NOTHING_LOST, asset=key, description=lost)]


def rule_results(
    contract: FeedContract, outcome: FeedOutcome, selected: Collection[dg.AssetCheckKey]
) -> Iterator[dg.AssetCheckResult]:
    """What the batches just staged say of each selected check; nothing where they say nothing."""
    key, by_rule = staging_key(contract), dict[str, list[CheckRecord]]()
    for record in outcome.checks:
        by_rule.setdefault(check_name(record.check_name), []).append(record)
    results = [_rule_result(contract, name, records) for name, records in by_rule.items()]
    results.append(_nothing_lost(contract, outcome) if outcome.batch_ids else None)
    for result in results:
        if result is not None and dg.AssetCheckKey(key, str(result.check_name)) in selected:
            yield result


def _rule_result(contract: FeedContract, name: str, records: Iterable[CheckRecord]) -> dg.AssetCheckResult | None:
    judged = [record for record in records if record.verdict != "UNKNOWN"]
    if not judged:
        return None
    failed, checked = (sum(getattr(record, count) or 0 for record in judged) for count in ("failed", "checked"))
    passed = all(record.verdict == "PASS" for record in judged)
    return dg.AssetCheckResult(
        asset_key=staging_key(contract),
        check_name=name,
        passed=passed,
        severity=_SEVERITIES[judged[0].severity],
        description=None if passed else f"{failed:,} of {checked:,} rows: {judged[0].reason}",
        metadata={"rows_failed": failed, "rows_checked": checked, "batches": len(judged)},
    )


def _nothing_lost(contract: FeedContract, outcome: FeedOutcome) -> dg.AssetCheckResult:
    tally = outcome.tally
    accounted = (
        tally.rows_new
        + tally.rows_changed
        + tally.rows_unchanged
        + tally.rows_quarantined
        + tally.rows_duplicate
        + tally.rows_refused
    )
    missing = tally.rows_in - accounted
    return dg.AssetCheckResult(
        asset_key=staging_key(contract),
        check_name=NOTHING_LOST,
        passed=missing == 0,
        severity=dg.AssetCheckSeverity.ERROR,
        description=None if missing == 0 else f"{missing:,} of {tally.rows_in:,} rows are accounted for nowhere",
        metadata={"rows_in": tally.rows_in, "rows_accounted_for": accounted},
    )
