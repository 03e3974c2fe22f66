"""The plan of telling: which channels there are, who is told of what, and who is told when that fails.

One YAML file (`alerts.yml`, see docs/guides/alerts.md). Addresses and tokens stay in the environment: the file names
variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from connectors.declaration_file import DeclarationError, load_declaration
from connectors.source_spec import Duration, EnvironmentName, Spec
from pipelines.alerts.notice import Severity

ChannelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class AlertsFileError(DeclarationError):
    """The alerts file cannot be used; `problems` holds every mistake found."""

    subject = "the alerts file"


class PagerDutySpec(Spec):
    """PagerDuty Events API v2. `key` is an integration's routing key; `url` replaces the address (EU, a proxy)."""

    kind: Literal["pagerduty"]
    name: ChannelName
    key: EnvironmentName
    url: EnvironmentName | None = None


class AlertmanagerSpec(Spec):
    """Alertmanager's API v2. `url` is its base address; `token` is sent as a bearer token."""

    kind: Literal["alertmanager"]
    name: ChannelName
    url: EnvironmentName
    token: EnvironmentName | None = None


class WebhookSpec(Spec):
    """A JSON POST. With `secret`, each is signed (HMAC-SHA256)."""

    kind: Literal["webhook"]
    name: ChannelName
    url: EnvironmentName
    secret: EnvironmentName | None = None


class AppriseSpec(Spec):
    """Chat, mail or push: whatever an apprise URL can name."""

    kind: Literal["apprise"]
    name: ChannelName
    url: EnvironmentName


class FileSpec(Spec):
    """JSON lines in a file; in the home's alerts.jsonl when no path is given."""

    kind: Literal["file"]
    name: ChannelName
    path: Path | None = None


class StdoutSpec(Spec):
    """JSON lines on standard output, for those who collect it."""

    kind: Literal["stdout"]
    name: ChannelName


ChannelSpec = Annotated[
    PagerDutySpec | AlertmanagerSpec | WebhookSpec | AppriseSpec | FileSpec | StdoutSpec, Field(discriminator="kind")
]


class Route(Spec):
    """Which notices go where. A key that is left out matches all; `owner` is the contract's or a deputy."""

    severity: tuple[Severity, ...] = ()
    tier: tuple[Literal[1, 2, 3], ...] = ()
    owner: tuple[str, ...] = ()
    to: tuple[ChannelName, ...] = Field(min_length=1)

    def matches(self, severity: str, tier: int, owner: str) -> bool:
        """Whether a notice of this severity, tier and owner goes this way."""
        asked: list[tuple[Sequence[object], object]] = [
            (self.severity, severity),
            (self.tier, tier),
            (self.owner, owner),
        ]
        return all(not wanted or found in wanted for wanted, found in asked)


class DeadManSpec(Spec):
    """The outside that notices when nobody watches any more. A round of watching is agreed on every `period`.

    `url` takes pings in the manner of healthchecks. Silence is told after `period` and `grace`.
    """

    url: EnvironmentName | None = None
    period: Duration
    grace: Duration = timedelta(minutes=5)


class AlertPlan(Spec):
    """Channels, routes (the first that matches decides; without a match all are told), and what helps if they fail."""

    channels: tuple[ChannelSpec, ...]
    routes: tuple[Route, ...] = ()
    second: ChannelName | None = None
    unsent_after: Duration = timedelta(minutes=10)
    dead_man: DeadManSpec | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> AlertPlan:
        names = self.names
        if not names:
            raise ValueError("there is no channel, so nobody would be told. Add one under 'channels'")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two channels are called {', '.join(twice)}. Give each a name of its own")
        asked = [name for route in self.routes for name in route.to] + ([self.second] if self.second else [])
        if unknown := sorted(set(asked) - set(names)):
            raise ValueError(f"there is no channel {', '.join(unknown)}. Channels here: {', '.join(names)}")
        return self

    @property
    def names(self) -> list[str]:
        """The channels' names, in their order."""
        return [channel.name for channel in self.channels]

    def route(self, severity: str, tier: int, owner: str) -> tuple[str, ...]:
        """The channels that are told of such a notice. Never none: what no route expects, all are told."""
        ways = (route.to for route in self.routes if route.matches(severity, tier, owner))
        return next(ways, tuple(self.names))


DEFAULT_PLAN = AlertPlan(channels=(FileSpec(kind="file", name="file"),))


def load_plan(named: Path | None, usual: Path) -> AlertPlan:
    """The plan in the file `named`, else in the `usual` one; where neither is, alerts go to the home's file alone.

    Raises:
        AlertsFileError: with every mistake in the file, each with its line; also when the file `named` is missing.
    """
    if named is None and not usual.exists():
        return DEFAULT_PLAN
    return load_declaration(named or usual, AlertPlan, AlertsFileError, first_key="channels:")
