"""Messages without secrets: whatever a source or a channel says, what opens its door is not repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

# Shorter ones are found by trying them all, and hiding one takes its letters out of every word.
LEAST_LENGTH = 4
_PASSWORD = re.compile(r"://[^/?@]*?:([^@]*)@")


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with each secret of at least LEAST_LENGTH characters hidden, the longest first."""
    for secret in sorted({one for one in secrets if len(one) >= LEAST_LENGTH}, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def without_password(text: str, url: str) -> str:
    """The text without a URL and its password, however it is written."""
    return without_secrets(text.replace(url, "the URL"), [password_of(url), unquote(password_of(url))])


def password_of(url: str) -> str:
    """The password in a URL as it stands there, signs that should be escaped included; '' when it has none."""
    found = _PASSWORD.search(url)
    return found[1] if found else ""
