"""`c360 doctor`: is everything in place to run?"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import typer
from rich.markup import escape

from connectors.catalog import load_catalog
from connectors.contract import FeedContract
from connectors.contract_file import ContractError
from connectors.secrecy import LEAST_LENGTH, password_of
from connectors.source import variables_missing
from connectors.source_spec import RestSource
from pipelines.alerts.channels import build
from pipelines.alerts.plan import AlertPlan, AlertsFileError, load_plan
from pipelines.cli.app import app, settings_of
from pipelines.cli.console import TROUBLE, out
from pipelines.ledger.database import RESTORE_LEDGER, LedgerLost, LedgerNewer, existing_ledger
from pipelines.settings import Home, Settings
from pipelines.trouble import NothingThere
from warehouse.connection import WarehouseAbsent, WarehouseBusy, WarehouseUnreadable, open_reader

# Below this a day's landing of a mid-sized company may not fit.
LOW_DISK_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `step` says what to do when it is not well; warnings do not fail the command."""

    thing: str
    is_well: bool
    fact: str
    step: str = ""
    is_warning: bool = False


@app.command("doctor")
def doctor_command(context: typer.Context) -> int:
    """Look at contracts, connections, alert channels, home, disk, ledger, warehouse and the published file."""
    findings = list(_look(settings_of(context)))
    for finding in findings:
        mark = "[green]✓[/green]" if finding.is_well else "[yellow]![/yellow]" if finding.is_warning else "[red]✗[/red]"
        step = f" {finding.step}" if not finding.is_well else ""
        out.print(f"{mark} {finding.thing}: {escape(finding.fact + step)}")
    return 0 if all(finding.is_well or finding.is_warning for finding in findings) else TROUBLE


def _look(settings: Settings) -> Iterator[Finding]:
    home = settings.home
    try:
        catalog = load_catalog(settings.feeds)
    except ContractError as error:
        fact = f"{len(error.problems)} problems."
        yield Finding("contracts", False, fact, "Run c360 feeds check to see them.")
        return
    yield Finding("contracts", True, f"{len(catalog)} feeds")
    missing = sorted({name for one in catalog.values() for name in variables_missing(one, settings.environment)})
    connections = {contract.source.connection for contract in catalog.values()}
    yield Finding(
        "connections",
        not missing,
        f"{', '.join(missing)} not set." if missing else f"{len(connections)} set",
        f"Set them in the environment or in {home.connections}.",
    )
    try:
        plan = load_plan(settings.alerts_file, settings.home.alerts)
    except AlertsFileError as error:
        yield Finding("alerts", False, f"{len(error.problems)} problems.", "Run c360 alerts test to see them.")
    else:
        yield _alerts(settings, plan)
        yield _secrets(settings, catalog.values(), plan)
    yield _home(home)
    existing = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    fact = f"{free / 1024**3:.1f} GiB free at {existing}."
    yield Finding("disk", free > LOW_DISK_BYTES, fact, "Free some space.", is_warning=True)
    yield _ledger(settings)
    for thing, path in (("warehouse", home.warehouse), ("published file", home.published)):
        try:
            with open_reader(path, wait_seconds=1.0) as connection:
                ((tables,),) = connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
            yield Finding(thing, True, f"{tables} tables in {path}")
        except WarehouseAbsent:
            yield Finding(thing, False, "not there yet.", "Run c360 sync.", is_warning=True)
        except WarehouseUnreadable as error:
            yield Finding(thing, False, str(error))
        except WarehouseBusy:
            yield Finding(thing, False, "a run is writing it now.", "That is well.", is_warning=True)


def _home(home: Home) -> Finding:
    """Whether the folder is there and this user may write in it."""
    if not home.root.is_dir():
        fact = f"{home.root} is not there yet."
        return Finding("home", False, fact, "Check --home or C360_HOME; c360 sync makes it.", is_warning=True)
    may_write = os.access(home.root, os.W_OK | os.X_OK, effective_ids=True)
    fact = f"{home.root}" if may_write else f"this user may not write in {home.root}."
    return Finding("home", may_write, fact, "Let this user write there, or run c360 as its owner.")


def _alerts(settings: Settings, plan: AlertPlan) -> Finding:
    """Whether everybody who is to be told can be: nothing is sent."""
    told_by = {spec.name: spec for spec in plan.channels} | ({"dead_man": plan.dead_man} if plan.dead_man else {})
    missing = {name: build.variables_missing(spec, settings.environment) for name, spec in told_by.items()}
    lacking = [f"{', '.join(names)} ({name})" for name, names in missing.items() if names]
    fact = f"{', '.join(lacking)} not set." if lacking else f"channels {', '.join(plan.names)}"
    return Finding("alerts", not lacking, fact, f"Set them in the environment or in {settings.home.connections}.")


def _secrets(settings: Settings, contracts: Iterable[FeedContract], plan: AlertPlan) -> Finding:
    """Whether secrets are long enough for messages to hide them."""
    held = {
        one.source.connection: password_of(settings.environment.get(one.source.connection, "")) for one in contracts
    }
    tokens = [one.source.auth.token for one in contracts if isinstance(one.source, RestSource)]
    of_channels = [getattr(spec, part, None) for spec in plan.channels for part in build.SECRET_PARTS]
    held |= {name: settings.environment.get(name, "") for name in (*tokens, *of_channels) if name}
    short = sorted(name for name, secret in held.items() if 0 < len(secret) < LEAST_LENGTH)
    if not short:
        return Finding("secrets", True, f"{sum(map(bool, held.values()))} set")
    fact = f"{', '.join(short)}: fewer than {LEAST_LENGTH} characters, so anybody guesses it and messages show it."
    return Finding("secrets", False, fact, "Have the source give out a longer one.", is_warning=True)


def _ledger(settings: Settings) -> Finding:
    path = settings.home.ledger
    try:
        with existing_ledger(path) as ledger:
            (check,) = ledger.rows("PRAGMA quick_check")[0]
            (runs,) = ledger.rows("SELECT count(*) FROM feed_run")[0]
    except NothingThere as absent:
        return Finding("ledger", False, str(absent), is_warning=True)
    except (LedgerLost, LedgerNewer) as trouble:
        return Finding("ledger", False, str(trouble))
    except sqlite3.OperationalError as error:
        return Finding("ledger", False, f"{error}.", "See that this user may write in the home folder.")
    except sqlite3.DatabaseError as error:
        return Finding("ledger", False, f"it is damaged: {error}.", f"Move the file away. {RESTORE_LEDGER}")
    step = f"SQLite finds it damaged: {check}. Move the file away. {RESTORE_LEDGER}"
    return Finding("ledger", check == "ok", f"{runs} runs in {path}", step)
