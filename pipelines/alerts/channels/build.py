"""From the plan to channels that can be used: the only place where variables become addresses and tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from pipelines.alerts.channels.alertmanager import Alertmanager
from pipelines.alerts.channels.apprise import Apprise
from pipelines.alerts.channels.file import File
from pipelines.alerts.channels.pagerduty import ADDRESS, PagerDuty
from pipelines.alerts.channels.stdout import Stdout
from pipelines.alerts.channels.unready import Unready
from pipelines.alerts.channels.webhook import Webhook
from pipelines.alerts.notice import Channel
from pipelines.alerts.plan import (
    AlertmanagerSpec,
    AlertPlan,
    AppriseSpec,
    ChannelSpec,
    DeadManSpec,
    FileSpec,
    PagerDutySpec,
    WebhookSpec,
)


def build_channels(
    plan: AlertPlan, environment: Mapping[str, str], *, usual_file: Path, clock: Callable[[], datetime]
) -> dict[str, Channel]:
    """Name → channel, in the plan's order. One whose variables are not set says so whenever it is asked to send."""
    return {spec.name: _channel(spec, environment, usual_file, clock) for spec in plan.channels}


# Parts of a channel's spec that name a variable with a secret.
SECRET_PARTS = ("key", "secret", "token")


def variables_missing(spec: ChannelSpec | DeadManSpec, environment: Mapping[str, str]) -> list[str]:
    """The variables that a channel, or what watches from outside, names and that are not set."""
    named = [getattr(spec, part, None) for part in ("url", *SECRET_PARTS)]
    return [name for name in named if name and not environment.get(name)]


def people(plan: AlertPlan) -> frozenset[str]:
    """The channels that people read message by message, to whom a storm is told as one."""
    return frozenset(spec.name for spec in plan.channels if isinstance(spec, AppriseSpec))


def _channel(
    spec: ChannelSpec, environment: Mapping[str, str], usual_file: Path, clock: Callable[[], datetime]
) -> Channel:
    if missing := variables_missing(spec, environment):
        return Unready(spec.name, f"{', '.join(missing)} is not set. Set it in the environment or in the home's .env")
    if isinstance(spec, PagerDutySpec):
        return PagerDuty(spec.name, environment[spec.key], environment[spec.url] if spec.url else ADDRESS)
    if isinstance(spec, AlertmanagerSpec):
        return Alertmanager(spec.name, environment[spec.url], clock, environment[spec.token] if spec.token else None)
    if isinstance(spec, WebhookSpec):
        return Webhook(spec.name, environment[spec.url], clock, environment[spec.secret] if spec.secret else None)
    if isinstance(spec, AppriseSpec):
        return Apprise(spec.name, environment[spec.url])
    if isinstance(spec, FileSpec):
        return File(spec.name, spec.path or usual_file)
    return Stdout(spec.name)
