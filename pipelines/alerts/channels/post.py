"""One HTTP POST and what came of it, as every channel over HTTP needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors.http_semantics import asked_to_wait, trusted_authorities
from connectors.secrecy import without_secrets
from pipelines.alerts.notice import Receipt

# Who does not answer in this time is tried again in a later round, and does not hold this one up.
TIMEOUT = httpx.Timeout(10.0, connect=3.0)
LONGEST_DETAIL = 300
# What is wrong with the notice itself, and not with the address, the credentials or the hour.
REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True)
class Answer:
    """What the other side said: its status, and its body if it was a JSON object."""

    status: int
    body: Mapping[str, Any]


def post(
    url: str,
    content: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    timeout: httpx.Timeout = TIMEOUT,
) -> Answer | Receipt:
    """The answer when it is a success by its status, else the receipt that says why the notice was not taken.

    `secrets` are never repeated, whoever says them. Redirects are not followed: a notice goes where it was sent.
    """
    sent = {"Content-Type": "application/json", "User-Agent": "customer-360", **(headers or {})}
    try:
        response = httpx.post(url, content=content, headers=sent, timeout=timeout, verify=trusted_authorities())
    except httpx.TimeoutException as error:
        return Receipt(False, f"no answer in time ({type(error).__name__}); it may have been taken")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Receipt(False, without_secrets(f"{type(error).__name__}: {error}", [*_told_by(url), *secrets]))
    if response.is_success:
        return Answer(response.status_code, _json_object(response))
    said = without_secrets(" ".join(response.text.split()), [*_told_by(url), *secrets])
    return Receipt(
        False,
        f"HTTP {response.status_code} {response.reason_phrase}: {said}"[:LONGEST_DETAIL],
        retry_after_seconds=asked_to_wait(response),
        is_refused=response.status_code in REFUSALS,
    )


def _told_by(url: str) -> list[str]:
    """What of an address may be a secret: all of it, its path (as of a chat's webhook), its query and its password."""
    parts = urlsplit(url)
    return [url, parts.path.strip("/"), parts.query, parts.password or ""]


def _json_object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
