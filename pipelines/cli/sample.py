"""`c360 sample`: a small company's source systems in a box, to try everything on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.app import app, now_of, settings_of
from pipelines.cli.console import err, out
from pipelines.settings import Home
from pipelines.trouble import Trouble

DEFAULT_PORT = 8360
# Of fewer, chance may leave a system without anybody: a helpdesk without users has nobody to open a ticket.
SMALLEST_COMPANY = 50
sample = typer.Typer(no_args_is_help=True, help="A sample company: shop database, helpdesk, mailer, file drops.")
app.add_typer(sample, name="sample")


@sample.command("create")
def create_command(
    context: typer.Context,
    customers: Annotated[int, typer.Option(min=SMALLEST_COMPANY, help="People and organisations.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same company.")] = 7,
    shop_url: Annotated[str | None, typer.Option(help="postgresql://… for the shop; default: a SQLite file.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port that `c360 sample serve` will use.")] = DEFAULT_PORT,
) -> int:
    """Create the company as it was yesterday, and write the connections that the shipped contracts need."""
    home = settings_of(context).home
    if (home.sample / "state").exists():
        raise Trouble(str(home.sample), "a sample company lives there already", "Use another --home, or delete it.")
    from sample_company import company

    start = (now_of(context) - timedelta(days=1)).date()
    with err.status("Creating the company ..."):
        company.create(home.sample, customers=customers, seed=seed, start=start, shop_url=shop_url)
    write_connections(home, f"http://127.0.0.1:{port}")
    out.print(f"The company lies in {escape(str(home.sample))}; its connections in {escape(str(home.connections))}.")
    out.print("Next: c360 sample serve (in another terminal), then c360 sync.")
    return 0


@sample.command("serve")
def serve_command(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback interface.")] = DEFAULT_PORT,
) -> int:
    """Serve the company's helpdesk and mailer on the loopback interface until Ctrl-C."""
    from sample_company.server import serve

    home = settings_of(context).home
    _needs_company(home.sample)
    server = serve(home.sample, port=port)
    out.print(f"Helpdesk and mailer answer at {server.url} until Ctrl-C.")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        out.print("Stopped.")
    return 0


@sample.command("advance")
def advance_command(context: typer.Context) -> int:
    """Move the company one day on: new rows, updates, late rows, corrections, deletes."""
    from sample_company import company

    home = settings_of(context).home
    _needs_company(home.sample)
    with err.status("A day goes by ..."):
        summary = company.advance(home.sample, until=now_of(context))
    written, deleted, late = (sum(rows.values()) for rows in (summary.written, summary.deleted, summary.late))
    out.print(
        f"At the company it is {summary.clock:%Y-%m-%d %H:%M} UTC: {written:,} rows were written, {deleted:,} deleted; "
        f"{late:,} came late."
    )
    return 0


def write_connections(home: Home, services_url: str) -> None:
    """Write NAME=value lines that stand in for the environment variables of the shipped contracts."""
    from sample_company import company

    pairs = company.connections(home.sample, services_url)
    lines = "".join(f"{name}={value}\n" for name, value in sorted(pairs.items()))
    # Its owner's alone before there is anything to read.
    home.connections.touch(mode=0o600)
    home.connections.chmod(0o600)
    home.connections.write_text(f"# Connections of the sample company.\n{lines}", encoding="utf-8")


def _needs_company(folder: Path) -> None:
    if not (folder / "state").exists():
        raise Trouble(str(folder), "there is no sample company", "Run c360 sample create first.")
