"""How a contract describes a source: connection, paging, file layout. Declarations only; reading is done elsewhere.

Connections and secrets are never in a contract: it names the environment variables that hold them.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

# A century: no promise, silence or window is longer, and a date so far from now is still a date.
LONGEST_DURATION = timedelta(days=36_525)
_DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(value: Any) -> Any:
    """'90s', '15m', '26h' or '14d' → timedelta. Other types pass through for pydantic to judge."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", value.strip())
    if match is None:
        raise ValueError(f"'{value}' is not a duration. Write a number and a unit: 90s, 15m, 26h or 14d")
    try:
        span = timedelta(**{_DURATION_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        span = timedelta.max
    if span > LONGEST_DURATION:
        raise ValueError(f"'{value}' is longer than {LONGEST_DURATION.days} days. Write a shorter one")
    return span


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
EnvironmentName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", description="Name of an environment variable.")]


class Spec(BaseModel):
    """Base of all declarations: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SqlSource(Spec):
    """A table or query in PostgreSQL or SQLite (others through the `connectorx` extra).

    `heartbeat` and `fed_until` are SELECTs of one moment (a time in UTC unless it says its offset, or epoch seconds).
    The first is of a row that the primary writes all the time, so that a copy which is behind shows an old one; the
    second tells up to when the source was itself fed. `watch.source_behind` says how old they may be.
    """

    kind: Literal["sql"]
    connection: EnvironmentName
    table: str | None = Field(default=None, description="Table, with its schema if it has one: sales.orders")
    query: str | None = Field(default=None, description="A SELECT, when one table is not enough.")
    heartbeat: str | None = None
    fed_until: str | None = None

    @model_validator(mode="after")
    def _one_of_table_and_query(self) -> SqlSource:
        if (self.table is None) == (self.query is None):
            raise ValueError("give either 'table' or 'query'")
        return self


class Auth(Spec):
    """How a REST source recognises us; every value is the name of an environment variable."""

    kind: Literal["none", "bearer", "header", "basic", "query"] = "none"
    token: EnvironmentName | None = None
    user: EnvironmentName | None = None
    name: str | None = Field(default=None, description="Header or query parameter that carries the token.")

    @model_validator(mode="after")
    def _complete(self) -> Auth:
        if self.kind != "none" and self.token is None:
            raise ValueError(f"auth '{self.kind}' needs 'token': the environment variable that holds the secret")
        if self.kind == "basic" and self.user is None:
            raise ValueError("auth 'basic' needs 'user': the environment variable that holds the user name")
        if self.kind in ("header", "query") and self.name is None:
            raise ValueError(f"auth '{self.kind}' needs 'name': the {self.kind} that carries the token")
        return self


class Paging(Spec):
    """How the next page is found.

    next_link: `link` is the path of the next page's URL. link_header: RFC 8288 `Link: rel=next`.
    cursor: `token` is the path of a token sent as `parameter`; `end` the path of a flag that is true on the last page.
    offset: `parameter` counts rows, `size_parameter`/`size` ask for a page. page: the same with page numbers.
    `total` is the path of the number of rows that the source claims to have.
    """

    kind: Literal["none", "next_link", "link_header", "cursor", "offset", "page"] = "none"
    link: str | None = None
    token: str | None = None
    end: str | None = None
    parameter: str | None = None
    size_parameter: str | None = None
    size: int | None = Field(default=None, gt=0)
    first_page: int = 1
    total: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Paging:
        needs = {
            "next_link": ["link"],
            "cursor": ["token", "parameter"],
            "offset": ["parameter", "size"],
            "page": ["parameter"],
        }.get(self.kind, [])
        missing = [name for name in needs if getattr(self, name) is None]
        if missing:
            raise ValueError(f"paging '{self.kind}' needs {', '.join(missing)}")
        return self


class Incremental(Spec):
    """The request parameter that asks a REST source for changes since a moment."""

    parameter: str
    format: Literal["iso", "epoch", "epoch_ms", "date"] = "iso"


class RestProbe(Spec):
    """What to ask a REST source apart from its data: an endpoint that tells its extent.

    `count` is the path of the number of rows in the answer, `newest` that of the newest change, in the cursor's terms.
    `heartbeat` and `fed_until` are paths of moments; see `SqlSource`.
    """

    path: str
    count: str | None = None
    newest: str | None = None
    heartbeat: str | None = None
    fed_until: str | None = None
    params: dict[str, str | int | bool] = {}

    @model_validator(mode="after")
    def _asks_something(self) -> RestProbe:
        if not (self.count or self.newest or self.heartbeat or self.fed_until):
            raise ValueError(
                "give 'count', 'newest', 'heartbeat' or 'fed_until': the path in the answer of what is asked"
            )
        return self


class RestSource(Spec):
    """An HTTP endpoint that answers JSON."""

    kind: Literal["rest"]
    connection: EnvironmentName
    path: str
    records: str = Field(default="$", description="Path of the list of records in a page: $.tickets")
    auth: Auth = Auth()
    paging: Paging = Paging()
    incremental: Incremental | None = None
    probe: RestProbe | None = None
    params: dict[str, str | int | bool] = {}
    headers: dict[str, str] = {}
    timeout: Duration = timedelta(seconds=30)


class RecordLine(Spec):
    """A header or trailer record of a file: one line that is not data.

    `fields` name its parts in order. Known names: `sequence`, `business_date`, `rows`, and `sum:<column>` for a
    control total; any other name is kept as a claim and not checked.
    """

    starts_with: str
    delimiter: str = "|"
    fields: tuple[str, ...]
    date_format: str = "%Y%m%d"


# The source column that says what was found of the file that a line names: 'whole', or what is wrong with it.
ATTACHMENT_STATE = "attachment_state"


class Attachments(Spec):
    """Files that the lines of a file name, such as scans: the columns with their path, size in bytes and SHA-256.

    The path begins at the folder of the delivered file, and leads into the folder beside it that has its name without
    the ending: the scans of letters_0017.csv lie in letters_0017. What was found of each file is read as the source
    column `attachment_state`.
    """

    name: str
    byte_count: str | None = None
    sha256: str | None = None

    @model_validator(mode="after")
    def _can_be_checked(self) -> Attachments:
        if self.byte_count is None and self.sha256 is None:
            raise ValueError("give 'byte_count' or 'sha256': the column by which a file is known to be whole")
        return self


class FileSource(Spec):
    """Files in a folder on disk or at any fsspec URL (s3://, sftp://, …)."""

    kind: Literal["files"]
    connection: EnvironmentName
    pattern: str
    format: Literal["csv", "tsv", "jsonl", "json", "parquet"]
    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: str = '"'
    escape: str = '"'
    columns: tuple[str, ...] | None = Field(default=None, description="Column names, when the file has no header line.")
    records: str = Field(default="$", description="Path of the list of records in a JSON file.")
    header: RecordLine | None = None
    trailer: RecordLine | None = None
    attachments: Attachments | None = None

    @property
    def separator(self) -> str:
        """The column separator: as declared, else a tab for TSV and a comma for CSV."""
        return self.delimiter or ("\t" if self.format == "tsv" else ",")


Source = Annotated[SqlSource | RestSource | FileSource, Field(discriminator="kind")]
