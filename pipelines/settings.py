"""Where things lie and what the environment says. The only module that reads the environment."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.trouble import Trouble

DEFAULT_HOME = Path("data")

# Every one of these libraries reports its use unless told not to.
TELEMETRY_OFF = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "DAGSTER_DISABLE_TELEMETRY": "true",
}


@dataclass(frozen=True)
class Home:
    """The folder that holds everything a deployment keeps: landing, ledger, databases, snapshots."""

    root: Path

    @property
    def landing(self) -> Path:
        """Immutable batches: <system>/<name>/<batch id>/."""
        return self.root / "landing"

    @property
    def ledger(self) -> Path:
        """The ledger (SQLite)."""
        return self.root / "ledger.db"

    @property
    def warehouse(self) -> Path:
        """Staging, quarantine and identity (DuckDB, one writer)."""
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """What analysts open (DuckDB, replaced as a whole)."""
        return self.root / "customer_360.duckdb"

    @property
    def masked(self) -> Path:
        """The same without anybody in it (DuckDB, replaced as a whole)."""
        return self.root / "masked" / "customer_360.duckdb"

    @property
    def usage(self) -> Path:
        """What was asked of the published files: <day>.jsonl, names of tables and columns alone."""
        return self.root / "usage"

    @property
    def data_docs(self) -> Path:
        """Great Expectations Data Docs."""
        return self.root / "data_docs"

    @property
    def faults(self) -> Path:
        """Traces of errors that nobody foresaw."""
        return self.root / "faults.log"

    @property
    def work(self) -> Path:
        """Scratch; may be deleted when nothing runs."""
        return self.root / "work"

    @property
    def sample(self) -> Path:
        """The sample company, when one was created here."""
        return self.root / "sample"

    @property
    def alerts(self) -> Path:
        """Who is told of what and how (YAML), unless C360_ALERTS names another file."""
        return self.root / "alerts.yml"

    @property
    def told(self) -> Path:
        """Alerts as JSON lines: where they go when nothing else was said."""
        return self.root / "alerts.jsonl"

    @property
    def connections(self) -> Path:
        """NAME=value lines that stand in for variables the environment does not set."""
        return self.root / ".env"


@dataclass(frozen=True)
class Settings:
    """One run's view of its surroundings. `environment` is never printed: it holds secrets."""

    home: Home
    feeds: tuple[Path, ...]
    environment: Mapping[str, str] = field(repr=False)

    @property
    def steward(self) -> str | None:
        """Who decides on identities here (C360_STEWARD), when it is said."""
        return self.environment.get("C360_STEWARD") or None

    @property
    def alerts_file(self) -> Path | None:
        """The file that says who is told of what and how (C360_ALERTS), when it is named."""
        said = self.environment.get("C360_ALERTS")
        return Path(said).absolute() if said else None

    @property
    def user(self) -> str | None:
        """Whom the log of use names (C360_USER); None for nobody."""
        return self.environment.get("C360_USER") or None

    @property
    def mask_key(self) -> str | None:
        """What pseudonyms of the masked file are made with (C360_MASK_KEY); None for the home's own."""
        return self.environment.get("C360_MASK_KEY") or None

    @property
    def openlineage(self) -> str | None:
        """Where OpenLineage events go (C360_OPENLINEAGE_URL): an http address or a file; None for nowhere."""
        return self.environment.get("C360_OPENLINEAGE_URL") or None

    @property
    def churn_limit(self) -> float | None:
        """Share of customers that matching anew may affect unasked (C360_CHURN_LIMIT), when it is said.

        Raises Trouble when it is no share.
        """
        said = self.environment.get("C360_CHURN_LIMIT")
        if not said:
            return None
        try:
            share = float(said)
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1:
            fact = f"'{said}' is no share of customers"
            raise Trouble("C360_CHURN_LIMIT", fact, "Write a number from 0 to 1, such as 0.1, or leave it out.")
        return share


def load_settings(
    home: Path | None = None, feeds: Sequence[Path] = (), environment: Mapping[str, str] | None = None
) -> Settings:
    """Settings from arguments, else from C360_HOME and C360_FEEDS (folders joined by the path separator).

    C360_FEEDS may stand in the home's .env, so that whoever names the home has the contracts that it is synced by: as
    may C360_ALERTS. What they name there is looked for from the home, wherever the command is run.

    Raises Trouble when the home is no folder, or when its .env is no text.
    """
    surroundings = dict(os.environ if environment is None else environment)
    root = Home((home or Path(surroundings.get("C360_HOME") or DEFAULT_HOME)).absolute())
    if root.root.exists() and not root.root.is_dir():
        raise Trouble(str(root.root), "it is no folder, so it can be no home", "Name another with --home or C360_HOME.")
    kept = _read_env_file(root.connections)
    if said := kept.get("C360_FEEDS"):
        kept["C360_FEEDS"] = os.pathsep.join(str(root.root / part) for part in said.split(os.pathsep) if part)
    if said := kept.get("C360_ALERTS"):
        kept["C360_ALERTS"] = str(root.root / said)
    known = {**kept, **surroundings}
    folders = tuple(feeds) or tuple(Path(part) for part in known.get("C360_FEEDS", "").split(os.pathsep) if part)
    return Settings(root, folders, known)


def silence_telemetry() -> None:
    """Tell libraries that report their use not to; a value that the operator set wins."""
    for name, value in TELEMETRY_OFF.items():
        os.environ.setdefault(name, value)


def _read_env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Trouble(str(path), "it is not text in UTF-8", "Write NAME=value lines, and save it as UTF-8.") from None
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, separator, value in pairs if separator}
