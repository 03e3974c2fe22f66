"""The manifest of a batch: what arrived, what the source claimed about it, and where the cursor stands after it.

A batch exists when its folder, manifest inside, bears its final name; everything else can be rebuilt from manifests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

MANIFEST_NAME = "manifest.json"
TABLE_NAME = "data.parquet"
REJECTS_NAME = "rejects.parquet"
RAW_FOLDER = "raw"
# True on a landed row that a reconcile found gone at its source; its other columns hold what was known last.
IS_GONE = "_is_gone"
# What landing adds to the source's columns, in every landed table or some.
OWN_COLUMNS = ("_row_number", "_key_hash", "_row_hash", IS_GONE)

# A backfill reads again what lies behind the cursor; a reconcile brings what a comparison with the source found to
# differ. Neither says how current a feed is.
BatchKind = Literal["live", "backfill", "reconcile"]


class ManifestPart(BaseModel):
    """One file or page of raw bytes."""

    model_config = ConfigDict(frozen=True)

    name: str
    byte_count: int
    sha256: str
    row_count: int | None = None


class ManifestFile(BaseModel):
    """The source file that a batch was made from."""

    model_config = ConfigDict(frozen=True)

    name: str
    byte_count: int
    modified_at: str


class Manifest(BaseModel):
    """One committed batch. Times are ISO 8601 in UTC; totals are exact decimals written as text.

    `kind` is 'reconcile' for rows that a comparison with the source brought: they hold what the source holds at
    `landed_at`, whatever their change times say, and move no cursor. Their table has the column `IS_GONE`.
    `erased_count` of the `row_count` rows that were landed were erased since, as people asked for it; where
    `is_redacted`, rows of others lost what they said of these people.
    """

    model_config = ConfigDict(frozen=True)

    batch_id: str
    batch_seq: int
    feed: str
    kind: BatchKind
    label: str
    contract_version: str
    lease_token: int
    landed_at: str
    window_lower: str | None
    window_upper: str | None
    cursor_before: str | None
    cursor_after: str | None
    cursor_low: str | None
    cursor_high: str | None
    source_identity: str
    source_clock: str | None
    row_count: int
    reject_count: int
    reread_count: int
    future_count: int
    ends_mid_line: bool | None
    claimed_rows: int | None
    totals: dict[str, str]
    claimed_totals: dict[str, str]
    other_claims: dict[str, str]
    key_hash_sum: str
    row_hash_sum: str
    hash_function: str
    schema_fingerprint: str
    columns: dict[str, str]
    undeclared_columns: list[str]
    sequence: int | None
    business_date: str | None
    parts: list[ManifestPart]
    source_file: ManifestFile | None
    erased_count: int = 0
    is_redacted: bool = False

    @property
    def byte_count(self) -> int:
        """Bytes that arrived, as far as the source kind has bytes of its own."""
        return sum(part.byte_count for part in self.parts)


def read_manifest(batch_folder: Path) -> Manifest:
    """The manifest in a committed batch's folder."""
    return Manifest.model_validate_json((batch_folder / MANIFEST_NAME).read_text(encoding="utf-8"))


def since_last_full(manifests: Sequence[Manifest]) -> list[Manifest]:
    """The newest full delivery and what comparisons brought since."""
    last = max((place for place, manifest in enumerate(manifests) if manifest.kind == "live"), default=len(manifests))
    return list(manifests[last:])
