"""What HTTP means wherever it is spoken (RFC 9110): its dates, how long it asks to wait, addresses fit for messages,
whose certificates are trusted."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    import ssl

    import httpx

# httpx logs every address that it asks, and some addresses are secrets.
logging.getLogger("httpx").setLevel(logging.WARNING)


def asked_to_wait(response: httpx.Response) -> float | None:
    """Seconds of Retry-After, be it a number or a date (against the server's own clock)."""
    value = response.headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    until, now = moment_of(value), moment_of(response.headers.get("date"))
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def moment_of(value: str | None) -> datetime | None:
    """An HTTP date as an aware moment in UTC; None when it is none."""
    try:
        moment = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Whose certificates are trusted: Mozilla's list, or what SSL_CERT_FILE or SSL_CERT_DIR name, as OpenSSL has it.

    Read once a process, as reading them takes longer than most answers.
    """
    import httpx

    return httpx.create_ssl_context()


def shown_url(url: str) -> str:
    """A URL fit for messages: without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
