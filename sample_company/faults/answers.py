"""Interference with what the services answer: another status, another page, or none for a long time."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sample_company.server import Answer, Interference

Document = dict[str, Any]
TICKETS, ACTIVITY = "/incremental/tickets/", "/3.0/activity"


def refusing(path: str, status: HTTPStatus, message: str, headers: dict[str, str] | None = None) -> Interference:
    """Every request of a path is refused."""

    def interfere(target: str, answer: Answer) -> Answer:
        if path not in target:
            return answer
        return status, headers or {}, {"error": status.phrase, "description": message}

    return interfere


def changing(path: str, change: Callable[[Document], Document]) -> Interference:
    """Every good answer of a path is given changed."""

    def interfere(target: str, answer: Answer) -> Answer:
        status, headers, body = answer
        if path not in target or status is not HTTPStatus.OK or isinstance(body, bytes):
            return answer
        return status, headers, change(body)

    return interfere


def ending_after(path: str, name: str, rows: int) -> Interference:
    """An export that says after so many rows that there are no more."""

    def cut(document: Document) -> Document:
        return document | {name: document[name][:rows], "count": min(rows, document["count"]), "end_of_stream": True}

    return changing(path, cut)


def each_record(path: str, name: str, change: Callable[[Document], Document]) -> Interference:
    """Every record of a path is given changed."""
    return changing(path, lambda document: document | {name: [change(record) for record in document[name]]})
