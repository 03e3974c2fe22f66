"""Feeds whose data are in the home and of which no contract in force tells: said wherever feeds are judged."""

from __future__ import annotations

from rich.markup import escape

from pipelines.cli.console import err
from pipelines.deployment import Deployment
from pipelines.ledger.database import existing_ledger
from pipelines.ledger.evidence import feeds_staged


def tell_unnamed(deployment: Deployment) -> None:
    """A note on standard error of feeds that were staged here and that no contract in force names.

    Nothing is judged of them, as what they promise stands in their contracts; silence would look like health.
    """
    with existing_ledger(deployment.home.ledger) as ledger:
        unnamed = [feed for feed in feeds_staged(ledger) if feed not in deployment.catalog]
    if unnamed:
        fact = f"Staged here, and named by no contract in force, so nothing is judged of it: {', '.join(unnamed)}."
        step = f"Give --feeds the folder of its contract, or keep C360_FEEDS=FOLDER in {deployment.home.connections}."
        err.print(f"[yellow]note[/yellow]  {escape(fact)} {escape(step)}")
