"""The two assets of a feed: landing (what arrived) and staging (its typed, judged rows). Made from its contract.

They are two steps, as landing waits for its source while staging holds the warehouse. Dagster reads the annotation of
`context` as a type, so annotations here are not strings.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import dagster as dg

from connectors.contract import FeedContract
from connectors.delivery import FeedTrouble
from pipelines.column_rules import column_rules
from pipelines.defs.contract_facts import entity_schema, feed_spec
from pipelines.defs.keys import WAREHOUSE_POOL, landing_key, staging_key
from pipelines.defs.rules import rule_results, rule_specs
from pipelines.deployment import Deployment
from pipelines.freshness.status import feed_status
from pipelines.ingest import FeedOutcome, stage_feed
from pipelines.land import Landing, land_feed
from pipelines.ledger.batches import pending_batches
from pipelines.ledger.database import Ledger

# A source that is down for minutes is common and a weekly feed should not wait a week for it: after 1, 2 and 4 minutes.
RETRIES = dg.RetryPolicy(max_retries=3, delay=60, backoff=dg.Backoff.EXPONENTIAL)
# Carries what went wrong while landing over to staging, in the same run.
LANDING_TROUBLE = "c360/landing_trouble"


def landing_asset(deployment: Deployment, contract: FeedContract) -> dg.AssetsDefinition:
    """Bring the feed's landing folder up to date with its source."""
    key = landing_key(contract)
    spec = feed_spec(contract, key, kinds={contract.source.kind, "parquet"}, metadata={"schedule": contract.schedule})

    @dg.multi_asset(name=key.to_python_identifier(), specs=[spec], retry_policy=RETRIES)
    def land(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        landing = land_feed(deployment, contract)
        if landing.trouble is not None:
            has_another_try = landing.trouble.is_retryable and context.retry_number < RETRIES.max_retries
            if has_another_try or not _rows_wait(deployment, contract):
                raise trouble_failure(landing.trouble)
            # What is landed is worth staging; the run fails after that.
            context.instance.add_run_tags(context.run.run_id, {LANDING_TROUBLE: str(landing.trouble)})
        return dg.MaterializeResult(metadata=_landing_metadata(landing))

    return land


def staging_asset(deployment: Deployment, contract: FeedContract) -> dg.AssetsDefinition:
    """Judge and stage what is landed and not staged yet."""
    key = staging_key(contract)
    filled = [rule.name for rule in column_rules(contract)]
    spec = feed_spec(
        contract,
        key,
        deps=[landing_key(contract)],
        kinds={"duckdb"},
        metadata={
            "dagster/table_name": f"staging.{contract.entity}",
            "dagster/column_schema": entity_schema(contract.canonical, filled),
        },
    )

    # Outputs of a step that can be subset need not be emitted: a rule without evidence has nothing to say.
    @dg.multi_asset(
        name=key.to_python_identifier(),
        specs=[spec],
        check_specs=rule_specs(contract, deployment.clock()),
        can_subset=True,
        pool=WAREHOUSE_POOL,
        retry_policy=RETRIES,
    )
    def stage(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        if key not in context.selected_asset_keys:
            step = f"Materialise {key.to_user_string()}."
            raise dg.Failure(f"Rules are judged while a batch is staged, not afterwards. {step}", allow_retries=False)
        outcome = stage_feed(deployment, contract, None)
        if outcome.batch_ids or not outcome.troubles:
            yield dg.MaterializeResult(
                asset_key=key,
                metadata=_staging_metadata(deployment, contract, outcome),
                check_results=list(rule_results(contract, outcome, context.selected_asset_check_keys)),
            )
        if outcome.troubles:
            raise dg.Failure(" ".join(outcome.troubles), allow_retries=outcome.is_retryable)
        if landing_trouble := _run_tags(context).get(LANDING_TROUBLE):
            raise dg.Failure(f"What had landed is staged; landing ended early. {landing_trouble}", allow_retries=False)

    return stage


def trouble_failure(trouble: FeedTrouble) -> dg.Failure:
    """A feed's trouble as Dagster shows it: the fact, then the next step; retried only when that can help."""
    return dg.Failure(
        description=str(trouble),
        metadata={"feed": trouble.feed, "kind": trouble.kind, "fact": trouble.fact, "next_step": trouble.next_step},
        allow_retries=trouble.is_retryable,
    )


def _rows_wait(deployment: Deployment, contract: FeedContract) -> bool:
    with Ledger(deployment.home.ledger) as ledger:
        return bool(pending_batches(ledger, contract.feed))


def _run_tags(context: dg.AssetExecutionContext) -> dict[str, str]:
    run = context.instance.get_run_by_id(context.run.run_id)
    return dict(run.tags) if run else {}


def _landing_metadata(landing: Landing) -> dict[str, Any]:
    return {
        "dagster/row_count": landing.rows_landed,
        "batches": len(landing.batch_ids),
        "rows_rejected": landing.rows_rejected,
        "rows_reread": landing.rows_reread,
        "undeclared_columns": ", ".join(landing.undeclared_columns) or "none",
        **({"batch_ids": dg.MetadataValue.json(landing.batch_ids)} if landing.batch_ids else {}),
        **({"trouble": str(landing.trouble)} if landing.trouble else {}),
    }


def _staging_metadata(deployment: Deployment, contract: FeedContract, outcome: FeedOutcome) -> dict[str, Any]:
    with Ledger(deployment.home.ledger) as ledger:
        status = feed_status(ledger, contract, deployment.clock())
    return {
        "dagster/row_count": status.rows_staged,
        "batches": len(outcome.batch_ids),
        **asdict(outcome.tally),
        "rows_in_quarantine_now": status.rows_held,
        "rules_without_evidence": sum(check.verdict == "UNKNOWN" for check in outcome.checks),
        **({"newest_data": dg.MetadataValue.timestamp(status.as_of)} if status.as_of else {}),
        **({"data_docs": dg.MetadataValue.path(str(deployment.home.data_docs))} if outcome.batch_ids else {}),
    }
