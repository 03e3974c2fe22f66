"""Telling: from the plan and the environment to messages sent, once in each round of watching."""

from __future__ import annotations

from pipelines.alerts.channels.build import build_channels, people
from pipelines.alerts.dead_man import stand_watch
from pipelines.alerts.delivery import Sender, deliver
from pipelines.alerts.plan import AlertPlan, load_plan
from pipelines.deployment import Deployment
from pipelines.ledger.database import Ledger
from pipelines.ledger.deliveries import Attempt


def plan_of(deployment: Deployment) -> AlertPlan:
    """The plan of a deployment. Raises AlertsFileError when its file is wrong."""
    return load_plan(deployment.alerts_file, deployment.home.alerts)


def sender_of(deployment: Deployment, plan: AlertPlan) -> Sender:
    """What sending needs, with the addresses and tokens that the environment holds."""
    channels = build_channels(plan, deployment.environment, usual_file=deployment.home.told, clock=deployment.clock)
    tiers = {feed: contract.watch.tier for feed, contract in deployment.catalog.items()}
    return Sender(plan, channels, people(plan), tiers, deployment.clock)


def tell(deployment: Deployment, ledger: Ledger, plan: AlertPlan) -> list[Attempt]:
    """Send what waits in the outbox, and show every Alertmanager that somebody watches; the attempts made."""
    sender = sender_of(deployment, plan)
    attempts = deliver(ledger, sender)
    stand_watch(ledger, sender)
    return attempts
