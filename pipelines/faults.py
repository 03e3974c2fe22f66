"""Errors that nobody foresaw: one sentence for who ran the command, the trace for who can mend the program."""

from __future__ import annotations

import traceback

from pipelines.deployment import Deployment
from pipelines.trouble import is_disk_full


def record_fault(deployment: Deployment, thing: str, error: Exception, consolation: str) -> str:
    """Keep the trace of an error, and tell it in a sentence or two that say what still holds.

    A full disk is no fault, and takes no trace.
    """
    if is_disk_full(error):
        return f"{thing}: the disk of the home folder {deployment.home.root} is full. {consolation}; free space there."
    fact, trace = keep_trace(deployment, thing, error)
    return f"{thing}: {fact}. {consolation}; {trace}"


def keep_trace(deployment: Deployment, thing: str, error: Exception) -> tuple[str, str]:
    """Keep the trace of an error in the home's faults.log; in words the error, and where its trace is."""
    log = deployment.home.faults
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{deployment.clock().isoformat()} {thing}\n{''.join(traceback.format_exception(error))}\n")
    fact = str(error).splitlines()[0] if str(error) else "no message"
    return f"a fault of the program: {type(error).__name__}: {fact}", f"the trace is in {log}."
