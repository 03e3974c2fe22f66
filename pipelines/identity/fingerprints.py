"""Whether the rules that decide who is who are those of the last run."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Beside the engine, what decides who is who.
RULES = (
    "records.py", "values.py", "standardise.py", "phones.py", "names.py", "vocabulary.yml", "nicknames.csv",
    "comparables.py", "linkage.py", "households.py", "representatives.py", "survivorship.py", "survivorship.yml",
)  # fmt: skip


def rules_fingerprint(default_region: str | None = None) -> str:
    """Digest of everything that decides who is who, so that a changed rule is a changed input."""
    digest = sha256(repr(default_region).encode())
    folder = Path(__file__).parent
    for file in sorted([*(folder / "matching").glob("*.py"), *(folder / name for name in RULES)]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def former(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Those of the last run that changed something; None before the first."""
    rows = connection.execute(
        "SELECT rules_fingerprint FROM identity.resolution ORDER BY resolved_at DESC, run_id DESC LIMIT 1"
    ).fetchall()
    return rows[0][0] if rows else None
