"""`c360 alerts test`: does every channel reach its other side?"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.alerts import alerts
from pipelines.cli.app import JsonOption, deployment_of
from pipelines.cli.console import TROUBLE, WRONG_USE, err, out, print_json, table
from pipelines.trouble import NothingThere


@alerts.command("test")
def try_command(
    context: typer.Context,
    channels: Annotated[list[str] | None, typer.Argument(help="Channels of the alerts file; all by default.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Send a test alert and its end to every channel, and show the receipts. Exit code 1 when one was not taken."""
    from pipelines.alerts.tell import plan_of, sender_of
    from pipelines.alerts.trial import try_channel

    deployment = deployment_of(context)
    if not deployment.home.root.is_dir():
        raise NothingThere(deployment.home.root, "there is no such folder")
    sender = sender_of(deployment, plan_of(deployment))
    if unknown := [name for name in channels or [] if name not in sender.channels]:
        err.print(
            f"[red]There is no channel {escape(', '.join(unknown))}.[/red] Channels: {', '.join(sender.channels)}."
        )
        return WRONG_USE
    found = [
        (name, event, receipt)
        for name in channels or sender.channels
        for event, receipt in try_channel(sender.channels[name], deployment.clock())
    ]
    if as_json:
        print_json(
            [
                {"channel": name, "event": event, "was_taken": receipt.was_taken, "detail": receipt.detail}
                for name, event, receipt in found
            ]
        )
    else:
        shown = table("channel", "sent", "taken", "receipt")
        for name, event, receipt in found:
            taken = "[green]yes[/green]" if receipt.was_taken else "[red]no[/red]"
            shown.add_row(name, event, taken, escape(receipt.detail))
        out.print(shown)
    return 0 if all(receipt.was_taken for _, _, receipt in found) else TROUBLE
