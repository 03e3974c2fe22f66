"""Sensors: one asks for a refresh when the published file no longer tells the truth, one ends runs that are dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import psutil
from dagster import DagsterEventType, DagsterRunStatus

from pipelines.defs.jobs import REFRESH, is_at_work
from pipelines.deployment import Deployment
from pipelines.ledger.database import Ledger
from pipelines.refresh import refresh_reason

# What made a refresh fail is seldom gone at once, and each attempt costs a build of the marts.
REST_AFTER_FAILURE = timedelta(minutes=10)
ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def refresh_sensor(deployment: Deployment, job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """Ask for a refresh when the ledger gives a reason. A feed that failed is a reason, never a hindrance."""

    @dg.sensor(
        name="refresh_when_changed",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for a refresh when something was staged, a feed's status changed or a promise runs out.",
    )
    def refresh_when_changed(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        with Ledger(deployment.home.ledger) as ledger:
            reason = refresh_reason(deployment, ledger)
        if reason is None:
            return dg.SkipReason("Nothing is new for readers.")
        if is_at_work(context.instance, REFRESH):
            return dg.SkipReason("A refresh is at work.")
        ended_runs = context.instance.get_run_records(dg.RunsFilter(job_name=REFRESH, statuses=ENDED), limit=1)
        last = ended_runs[0] if ended_runs else None
        if last is not None and last.dagster_run.status == DagsterRunStatus.FAILURE:
            ended = datetime.fromtimestamp(last.end_time or 0, UTC)
            if deployment.clock() - ended < REST_AFTER_FAILURE:
                return dg.SkipReason(
                    f"The last refresh failed at {ended:%H:%M} UTC; the next is asked for a little later."
                )
        # One request follows each ended refresh: two ticks on the same state ask for the same run.
        return dg.RunRequest(run_key=f"after {last.dagster_run.run_id if last else 'none'}", tags={"reason": reason})

    return refresh_when_changed


@dg.sensor(
    name="end_dead_runs",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process is gone, so that what waits for their place in the queue or the pool goes on.",
)
def end_dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Ends runs that a kill or a power cut left STARTED.

    Dagster's run monitoring does not ask after processes of its default launcher, and would wait for the longest
    permitted run time. It gives back the pool slots of runs that have ended, so ending them is enough.
    """
    ended = sweep_dead_runs(context.instance)
    return dg.SkipReason(f"Ended {', '.join(ended)}." if ended else "Every run that is STARTED has its process.")


def sweep_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail the runs that are STARTED without a living process on this machine; their ids."""
    dead = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[DagsterRunStatus.STARTED])):
        is_gone = _is_process_gone(instance, run.run_id)
        now_seen = instance.get_run_by_id(run.run_id)
        # A run ends before its process does, so the status is asked for after the process.
        if is_gone and now_seen is not None and now_seen.status == DagsterRunStatus.STARTED:
            instance.report_run_failed(
                now_seen,
                "Its process is gone: killed, or the machine went down. The next run goes on where it stopped.",
            )
            dead.append(run.run_id)
    return dead


def _is_process_gone(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether the process that said it executes the run is gone. False when none has said so yet."""
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            return not _is_alive(int(str(pid.value)), entry.timestamp)
    return False


def _is_alive(pid: int, said_at: float) -> bool:
    try:
        process = psutil.Process(pid)
        # A number is used again after a while: a process born after the run's words is another one.
        return process.create_time() <= said_at + 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
