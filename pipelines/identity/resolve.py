"""Who is who, on one screen: the way from staged rows to customers.

`resolve` is the entry point. It runs in one transaction, so that a kill leaves the former state, and it depends on the
rows, the rules and the judgements only: not on row order, threads or chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipelines.identity import (
    comparables,
    crosswalk,
    households,
    learned,
    linkage,
    quality,
    records,
    survivorship,
    values,
)
from pipelines.identity.cluster_statistics import record as cluster_statistics
from pipelines.identity.records import EntityRoles
from pipelines.identity.tables import ensure_schema

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

# Between the two halves of `input_fingerprint`.
SEAM = "#"
# Beside the engine, what decides who is who.
RULES = (
    "records.py", "values.py", "standardise.py", "phones.py", "names.py", "vocabulary.yml", "nicknames.csv",
    "comparables.py", "linkage.py", "representatives.py", "survivorship.py", "survivorship.yml",
)  # fmt: skip
LAST_RUN = "FROM identity.resolution ORDER BY resolved_at DESC, run_id DESC LIMIT 1"


@dataclass(frozen=True)
class Resolution:
    """What a run found and did, as counts; `changed` is false if there was nothing to do and nothing was written."""

    changed: bool
    records: int = 0
    new_records: int = 0
    changed_records: int = 0
    removed_records: int = 0
    is_full: bool = False
    compared_pairs: int = 0
    customers: int = 0
    created: int = 0
    merges: int = 0
    splits: int = 0
    retired: int = 0


class _Fingerprints(NamedTuple):
    """Digests of staging, of the records gathered from it, and of the rules; None before the first run."""

    staged: str | None
    gathered: str | None
    rules: str | None


def resolve(
    connection: duckdb.DuckDBPyConnection,
    *,
    entities: Mapping[str, EntityRoles],
    now: datetime,
    run_id: str,
    default_region: str | None = None,
) -> Resolution:
    """Bring schema `identity` to the state of `staging`.

    `connection` is open read-write on the warehouse and in no transaction. `now` (aware, UTC) dates every change.
    `default_region` (ISO 3166) reads national telephone numbers of records without a country; without it they are
    compared by their last digits.
    """
    connection.begin()
    try:
        tables_before = _temporary_tables(connection)
        ensure_schema(connection)
        former = _former_fingerprints(connection)
        staged, rules = records.staging_fingerprint(connection, entities), _rules_fingerprint(default_region)
        if former == _Fingerprints(staged, former.gathered, rules):
            resolution = _unchanged(connection)
        else:
            records.gather(connection, entities)
            prints = _Fingerprints(staged, records.fingerprint(connection), rules)
            if (prints.gathered, rules) == (former.gathered, former.rules):
                _remember(connection, prints)
                resolution = _unchanged(connection)
            else:
                rules_changed = former.rules not in {None, rules}
                resolution = _rebuild(connection, now, run_id, default_region, rules_changed=rules_changed)
                _log(connection, resolution, prints, now, run_id)
        for name in _temporary_tables(connection) - tables_before:
            connection.execute(f"DROP TABLE temp.{name}")
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return resolution


def _rebuild(
    connection: duckdb.DuckDBPyConnection,
    now: datetime,
    run_id: str,
    default_region: str | None,
    *,
    rules_changed: bool,
) -> Resolution:
    new, changed, removed = records.find_changes(connection, everything=rules_changed)
    values.write_source_records(connection, now=now, default_region=default_region, everything=rules_changed)
    comparables.update(connection)
    linkage.read_judgements(connection)
    is_full = rules_changed or learned.is_outgrown(connection, changes=new + changed + removed)
    pairs = linkage.match_all(connection) if is_full else linkage.match_changes(connection)
    changes = crosswalk.update(connection, now=now, run_id=run_id)
    if is_full:
        households.update_all(connection)
    else:
        households.update_changed(connection)
    quality.update(connection)
    survivorship.update(connection)
    cluster_statistics.update(connection, now=now, run_id=run_id)
    return Resolution(
        changed=True,
        records=_count(connection, "source_records"),
        new_records=new,
        changed_records=changed,
        removed_records=removed,
        is_full=is_full,
        compared_pairs=pairs,
        customers=_count(connection, "golden_customers"),
        **asdict(changes),
    )


def _temporary_tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}


def _rules_fingerprint(default_region: str | None) -> str:
    """Digest of everything that decides who is who, so that a changed rule is a changed input."""
    digest = sha256(repr(default_region).encode())
    folder = Path(__file__).parent
    for file in sorted([*(folder / "matching").glob("*.py"), *(folder / name for name in RULES)]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _former_fingerprints(connection: duckdb.DuckDBPyConnection) -> _Fingerprints:
    row = connection.execute(f"SELECT input_fingerprint, rules_fingerprint {LAST_RUN}").fetchone()
    if not row:
        return _Fingerprints(None, None, None)
    staged, _, gathered = row[0].partition(SEAM)
    return _Fingerprints(staged, gathered, row[1])


def _remember(connection: duckdb.DuckDBPyConnection, prints: _Fingerprints) -> None:
    """Rows changed in staging, but nothing that tells of identity: next time the cheap comparison shall suffice."""
    connection.execute(
        f"UPDATE identity.resolution SET input_fingerprint = ? WHERE run_id = (SELECT run_id {LAST_RUN})",
        [f"{prints.staged}{SEAM}{prints.gathered}"],
    )


def _unchanged(connection: duckdb.DuckDBPyConnection) -> Resolution:
    return Resolution(
        changed=False,
        records=_count(connection, "source_records"),
        customers=_count(connection, "golden_customers"),
    )


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM identity.{table}").fetchone()
    assert row  # noqa: S101
    return int(row[0])


def _log(
    connection: duckdb.DuckDBPyConnection, resolution: Resolution, prints: _Fingerprints, now: datetime, run_id: str
) -> None:
    counts = {name: count for name, count in asdict(resolution).items() if name != "changed"}
    connection.execute(
        f"""INSERT INTO identity.resolution
              (run_id, resolved_at, input_fingerprint, rules_fingerprint, {", ".join(counts)})
            VALUES (?, ?, ?, ?, {", ".join("?" * len(counts))})""",
        [run_id, now.replace(tzinfo=None), f"{prints.staged}{SEAM}{prints.gathered}", prints.rules, *counts.values()],
    )
