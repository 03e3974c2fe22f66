"""FeedContract: what one feed promises and how its rows become rows of a canonical entity.

One YAML file a feed is all that a new source needs. This module says what such a file may hold; `contract_file.py`
reads it and turns every mistake into a line with file, line, key, fact and next step.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from connectors.entities import Entity, load_entities
from connectors.manifest import OWN_COLUMNS
from connectors.mapping import Mapping, expression_columns
from connectors.source_spec import ATTACHMENT_STATE, Duration, EnvironmentName, FileSource, RestSource, Source, Spec


def _is_cron(value: str) -> str:
    from datetime import UTC, datetime

    try:
        CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ValueError(f"'{value}' is not a cron line ({error}). Write five fields, such as '*/15 * * * *'") from None
    return value


def _is_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError):
        raise ValueError(f"'{value}' is not a time zone. Write an IANA name such as Europe/Berlin") from None
    return value


def _is_owner(value: str) -> str:
    if not re.fullmatch(r"team:[\w.-]+|[^@\s]+@[^@\s]+", value):
        raise ValueError(f"'{value}' names no owner. Write team:NAME or an e-mail address")
    return value


def _is_expression(value: str) -> str:
    expression_columns(value)
    return value


Expression = Annotated[str, AfterValidator(_is_expression)]


class Cursor(Spec):
    """The source column that says what changed since the last sync, and how far to look back.

    Each sync reads [last value − overlap, source clock − lag], inclusive, so that rows with equal or late times are
    seen again instead of lost.
    """

    column: str
    type: Literal["timestamp", "integer", "epoch", "epoch_ms"] = "timestamp"
    overlap: Duration = timedelta(hours=1)
    lag: Duration = timedelta(0)
    future_skew: Duration = timedelta(minutes=5)


class Freshness(Spec):
    """How old the data may be before readers are told: within `promise` all is well, after `grace` it is stale."""

    promise: Duration
    grace: Duration = timedelta(0)
    source_promise: str | None = Field(default=None, description="The vendor's own promise, or a link to it.")


class Deletes(Spec):
    """How the source tells that a row is gone.

    none: it does not. tombstone: `when` is true on a row that is gone. snapshot: a row missing from a full delivery is
    gone; a delivery that drops more than `max_shrink` of the live rows at once is held.
    """

    policy: Literal["none", "tombstone", "snapshot"] = "none"
    when: Expression | None = None
    max_shrink: float = Field(default=0.5, gt=0, le=1)

    @model_validator(mode="after")
    def _tombstone_needs_when(self) -> Deletes:
        if (self.policy == "tombstone") != (self.when is not None):
            raise ValueError("'when' goes with policy tombstone: the expression that is true on a row that is gone")
        return self


class Retention(Spec):
    """How long is kept what nothing is built from any more.

    `raw`: the bytes that arrived, beside the landed table. `superseded`: landed rows of full lists that a newer one
    stands for. `quarantine`: the values of rows that were put aside, since they were settled. The last two for good
    where nothing is said.
    """

    raw: Duration = timedelta(days=14)
    superseded: Duration | None = None
    quarantine: Duration | None = None


class Announced(Spec):
    """Something out of the ordinary that is known beforehand, so that nobody is woken by it.

    outage: the source is down. backfill: old rows come again. volume: many more rows than usual. columns: new columns.
    change: from `ends` on things are other than before for good, so that what is usual is learned anew.
    """

    kind: Literal["outage", "backfill", "volume", "columns", "change"]
    begins: datetime
    ends: datetime
    note: str

    @model_validator(mode="after")
    def _has_an_end(self) -> Announced:
        if self.begins.tzinfo is None or self.ends.tzinfo is None:
            raise ValueError("write 'begins' and 'ends' with their offset, such as 2026-11-22T06:00:00Z")
        if self.begins >= self.ends:
            raise ValueError("'ends' must come after 'begins'")
        return self


class TotalsWith(Spec):
    """A sum that must agree: `column` of this feed's rows, added up by their parent, with the parent's `parent_total`.

    `feed` is one of the feeds in `watch.parents`; `parent_total` is an expression over its canonical columns. Only rows
    on which `when`, an expression over this feed's canonical columns, is true are added up.
    """

    feed: str
    column: str
    parent_total: Expression
    when: Expression | None = None

    def through(self, watch: Watch) -> str:
        """The column that holds the parent's key."""
        return next(column for column, feed in watch.parents.items() if feed == self.feed)


class Watch(Spec):
    """What those who watch the feed know of it beyond its columns.

    `tier`: 1 is what the business cannot do without, 3 the least. `deputy` is told when the owner does not answer.
    `max_runtime`: a run that takes longer hangs. `calendar`: ISO country code (DE, or US-CA for a part) whose public
    holidays are days of their own. `immutable`: canonical columns that never change for a key. `segments`: canonical
    columns whose values are counted apart (a region, a brand). `parents`: canonical column → feed whose keys it holds.
    `followed_when`: a column of `parents` → expression over the parent feed's canonical columns; parents for which it
    is true have a row here, or will. Without it all of them are counted.
    `caps`: row counts at which the source is known to stop. `own_rows`: true on rows that we wrote to the source.
    `source_behind`: how old the source's heartbeat, or the time up to which it was fed, may be where it tells them.
    `totals_with`: an amount that must agree with a parent's.
    `credentials_expire`: environment variable with the date on which the credentials end.
    """

    tier: Literal[1, 2, 3] = 2
    deputy: Annotated[str, AfterValidator(_is_owner)] | None = None
    max_runtime: Duration = timedelta(hours=1)
    calendar: str | None = Field(default=None, pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
    immutable: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    parents: dict[str, str] = Field(default_factory=dict)
    followed_when: dict[str, Expression] = Field(default_factory=dict)
    totals_with: TotalsWith | None = None
    caps: tuple[int, ...] = ()
    source_behind: Duration = timedelta(hours=1)
    own_rows: Expression | None = None
    credentials_expire: EnvironmentName | None = None
    announced: tuple[Announced, ...] = ()


class FeedContract(Spec):
    """One feed: one entity from one source system."""

    feed: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    entity: str = ""
    description: str
    grain: str
    owner: Annotated[str, AfterValidator(_is_owner)]
    schedule: Annotated[str, AfterValidator(_is_cron)]
    timezone: Annotated[str, AfterValidator(_is_zone)] = "UTC"
    freshness: Freshness
    source: Source
    cursor: Cursor | None = None
    delivery: Literal["incremental", "snapshot"] | None = None
    deletes: Deletes = Deletes()
    retention: Retention = Retention()
    test_rows: Expression | None = None
    totals: tuple[str, ...] = ()
    watch: Watch = Watch()
    columns: dict[str, Mapping]

    @model_validator(mode="before")
    @classmethod
    def _defaults_that_follow_from_others(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        filled = dict(data)
        if not filled.get("entity") and isinstance(filled.get("feed"), str):
            filled["entity"] = filled["feed"].partition(".")[2]
        if filled.get("delivery") is None:
            is_file = isinstance(filled.get("source"), dict) and filled["source"].get("kind") == "files"
            filled["delivery"] = "incremental" if filled.get("cursor") or is_file else "snapshot"
        return filled

    @field_validator("entity")
    @classmethod
    def _entity_exists(cls, value: str) -> str:
        known = load_entities()
        if value not in known:
            near = difflib.get_close_matches(value, known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"Known entities: {', '.join(known)}."
            raise ValueError(f"there is no entity '{value}'. {hint} Write it as 'entity:' if the feed has another name")
        return value

    @field_validator("columns")
    @classmethod
    def _columns_belong_to_the_entity(cls, value: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        entity = load_entities().get(info.data.get("entity", ""))
        if entity is None:
            return value
        problems = [_unknown_column(name, entity) for name in value if name not in entity.columns]
        missing = [name for name in entity.required_columns() if name not in value]
        if missing:
            problems.append(f"{', '.join(missing)}: required by entity '{entity.entity}' but not mapped. Map it")
        if problems:
            raise ValueError("; ".join(problems))
        return value

    @model_validator(mode="after")
    def _parts_agree(self) -> FeedContract:
        if self.deletes.policy == "snapshot" and self.delivery != "snapshot":
            raise ValueError("deletes by snapshot need full deliveries. Set 'delivery: snapshot' or another policy")
        if self.retention.superseded is not None and self.delivery != "snapshot":
            raise ValueError(
                "retention.superseded is for full lists (delivery: snapshot): rows of other deliveries stay, as the "
                "source is compared with them. Leave it out"
            )
        if isinstance(self.source, RestSource) and self.source.incremental and self.cursor is None:
            raise ValueError("source.incremental needs 'cursor': the column whose last value is sent")
        named = {"immutable": self.watch.immutable, "segments": self.watch.segments, "parents": self.watch.parents}
        for key, names in named.items():
            if unmapped := [name for name in names if name not in self.columns]:
                raise ValueError(f"watch.{key} names {', '.join(unmapped)}, which the contract does not map. Map it")
        if unknown := [name for name in self.watch.followed_when if name not in self.watch.parents]:
            raise ValueError(
                f"watch.followed_when names {', '.join(unknown)}, which watch.parents does not. Add it there"
            )
        pair = self.watch.totals_with
        if pair is not None and (pair.column not in self.columns or pair.feed not in self.watch.parents.values()):
            raise ValueError("watch.totals_with needs a mapped 'column', and a 'feed' that watch.parents names")
        self._check_names()
        return self

    def _check_names(self) -> None:
        """Landed tables are DuckDB's, where the names of two columns differ in more than case."""
        seen: dict[str, str] = {}
        for name in self.source_columns():
            if name.lower() in OWN_COLUMNS:
                raise ValueError(f"landed tables have a column '{name}' of their own. Rename the source's, by a query")
            other = seen.setdefault(name.lower(), name)
            if other != name:
                raise ValueError(
                    f"source columns '{other}' and '{name}' differ in case alone, which a landed table does not tell "
                    "apart. Correct the case, or rename one of them at the source or by a query"
                )

    @property
    def system(self) -> str:
        """The source system: the first part of the feed's name."""
        return self.feed.partition(".")[0]

    @property
    def name(self) -> str:
        """The second part of the feed's name."""
        return self.feed.partition(".")[2]

    @property
    def asset_name(self) -> str:
        """The feed's name where dots are not allowed: shop_orders."""
        return f"{self.system}_{self.name}"

    @property
    def canonical(self) -> Entity:
        """The canonical entity that the feed serves."""
        return load_entities()[self.entity]

    @property
    def version(self) -> str:
        """Fingerprint of the contract: results remember under which rules they were made."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def key_source_columns(self) -> list[str]:
        """The source columns that tell rows apart: what fills the entity's key, without constants."""
        names = [name for column in self.canonical.key for name in self.columns[column].source_columns()]
        return list(dict.fromkeys(names))

    def source_columns(self) -> dict[str, str | None]:
        """Every source column that is landed → its JSON path inside a record (None: a plain column)."""
        found: dict[str, str | None] = {}
        if self.cursor is not None:
            found[self.cursor.column] = None
        for mapping in self.columns.values():
            for name, path in mapping.source_columns().items():
                found[name] = path or found.get(name)
        for expression in (self.deletes.when, self.test_rows, self.watch.own_rows):
            if expression is not None:
                for name in expression_columns(expression):
                    found.setdefault(name, None)
        for name in (*self.totals, *self._attached_columns()):
            found.setdefault(name, None)
        return found

    def delivered(self) -> FeedContract:
        """The contract without the columns that are not in a delivery: what was found of the files that lines name."""
        told = {
            name: mapping for name, mapping in self.columns.items() if ATTACHMENT_STATE not in mapping.source_columns()
        }
        return self.model_copy(update={"columns": told})

    def _attached_columns(self) -> list[str]:
        attached = self.source.attachments if isinstance(self.source, FileSource) else None
        return [name for name in (attached.model_dump().values() if attached else ()) if name is not None]


def _unknown_column(name: str, entity: Entity) -> str:
    near = difflib.get_close_matches(name, entity.columns, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Known columns: {', '.join(entity.columns)}"
    return f"'{name}' is not a column of entity '{entity.entity}'. {hint}"
