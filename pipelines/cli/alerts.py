"""`c360 alerts`: what is open, and how people are told."""

from __future__ import annotations

import typer

from pipelines.cli.app import app

alerts = typer.Typer(no_args_is_help=True, help="What is wrong now, and how people are told.")
app.add_typer(alerts, name="alerts")
