"""Whether anything changed since the last run: digests of staging, of the records in it, and of the rules."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

# Between the two halves of `input_fingerprint`.
SEAM = "#"
# Beside the engine, what decides who is who.
RULES = (
    "records.py", "values.py", "standardise.py", "phones.py", "names.py", "vocabulary.yml", "nicknames.csv",
    "comparables.py", "linkage.py", "representatives.py", "survivorship.py", "survivorship.yml",
)  # fmt: skip
LAST_RUN = "FROM identity.resolution ORDER BY resolved_at DESC, run_id DESC LIMIT 1"


class Fingerprints(NamedTuple):
    """Digests of staging, of the records gathered from it, and of the rules; None before the first run."""

    staged: str | None
    gathered: str | None
    rules: str | None

    @property
    def input(self) -> str:
        """Both digests of what went in, as `identity.resolution` keeps them."""
        return f"{self.staged}{SEAM}{self.gathered}"


def rules_fingerprint(default_region: str | None = None) -> str:
    """Digest of everything that decides who is who, so that a changed rule is a changed input."""
    digest = sha256(repr(default_region).encode())
    folder = Path(__file__).parent
    for file in sorted([*(folder / "matching").glob("*.py"), *(folder / name for name in RULES)]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def former(connection: duckdb.DuckDBPyConnection) -> Fingerprints:
    """Those of the last run that changed something."""
    row = connection.execute(f"SELECT input_fingerprint, rules_fingerprint {LAST_RUN}").fetchone()
    if not row:
        return Fingerprints(None, None, None)
    staged, _, gathered = row[0].partition(SEAM)
    return Fingerprints(staged, gathered, row[1])


def remember(connection: duckdb.DuckDBPyConnection, prints: Fingerprints) -> None:
    """Rows changed in staging, but nothing that tells of identity: next time the cheap comparison shall suffice."""
    connection.execute(
        f"UPDATE identity.resolution SET input_fingerprint = ? WHERE run_id = (SELECT run_id {LAST_RUN})",
        [prints.input],
    )
