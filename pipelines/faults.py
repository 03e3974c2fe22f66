"""Errors that nobody foresaw: one sentence for who ran the command, the trace for who can mend the program."""

from __future__ import annotations

import traceback

from pipelines.deployment import Deployment
from pipelines.trouble import is_disk_full


def record_fault(deployment: Deployment, thing: str, error: Exception, consolation: str) -> str:
    """Keep the trace of an error in the home's faults.log, and tell it in one sentence that says what still holds.

    A full disk is no fault, and takes no trace.
    """
    if is_disk_full(error):
        return f"{thing}: the disk of the home folder {deployment.home.root} is full. {consolation}; free space there."
    log = deployment.home.faults
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{deployment.clock().isoformat()} {thing}\n{''.join(traceback.format_exception(error))}\n")
    fact = str(error).splitlines()[0] if str(error) else "no message"
    return f"{thing}: a fault of the program: {type(error).__name__}: {fact}. {consolation}; the trace is in {log}."
