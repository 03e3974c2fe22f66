"""`c360 metrics`: what the ledger knows, as OpenMetrics text; printed, written to a file, or served."""

from __future__ import annotations

import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.app import app, deployment_of
from pipelines.cli.console import WRONG_USE, err
from pipelines.deployment import Deployment
from pipelines.trouble import NothingThere, Trouble

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@app.command("metrics")
def metrics_command(
    context: typer.Context,
    write: Annotated[
        Path | None, typer.Option(help="Write to this file in one step, for a textfile collector.")
    ] = None,
    serve: Annotated[int | None, typer.Option(help="Serve at this port under /metrics until stopped.")] = None,
    host: Annotated[str, typer.Option(help="Address to serve at.")] = "127.0.0.1",
) -> int:
    """Show the feeds, their alerts and the monitor as OpenMetrics text, read from the ledger alone."""
    from pipelines.metrics import exposition

    deployment = deployment_of(context)
    if write and serve is not None:
        err.print("[red]--write and --serve exclude each other.[/red] Give one of them.")
        return WRONG_USE
    if serve is not None:
        with metrics_server(deployment, host, serve) as server:
            err.print(f"Metrics at http://{host}:{server.server_port}/metrics; Ctrl-C stops.")
            server.serve_forever()
    elif write:
        replace_file(write, exposition(deployment))
    else:
        sys.stdout.write(exposition(deployment).decode())
    return 0


def replace_file(path: Path, content: bytes) -> None:
    """Put content in the place of a file by one rename: who reads meanwhile sees the whole old or the whole new one.

    Raises Trouble when the path is a folder or lies in none.
    """
    if path.is_dir():
        raise Trouble(str(path), "it is a folder", "Name a file in it, such as c360.prom.")
    if not path.parent.is_dir():
        raise Trouble(str(path), "its folder is not there", "Make the folder, or name a file in another.")
    # Collectors read every *.prom; the unfinished file must not look like one.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def metrics_server(deployment: Deployment, host: str, port: int) -> ThreadingHTTPServer:
    """A server of /metrics; each request reads the ledger anew.

    Raises:
        Trouble: the address cannot be had.
    """
    from pipelines.metrics import exposition

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/metrics":
                self.answer(404, "text/plain", b"Metrics are at /metrics\n")
                return
            try:
                self.answer(200, CONTENT_TYPE, exposition(deployment))
            except (sqlite3.OperationalError, OSError, NothingThere) as error:
                self.answer(503, "text/plain", f"The ledger cannot be read: {error}\n".encode())

        def answer(self, status: int, content_type: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    try:
        return ThreadingHTTPServer((host, port), Handler)
    except (OSError, OverflowError) as error:
        raise Trouble(f"{host}:{port}", f"cannot be served ({error})", "Choose another port or address.") from None
