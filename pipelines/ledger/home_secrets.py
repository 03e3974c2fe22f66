"""Secrets that a home draws for itself and never shows: what tombstones and pseudonyms are made with."""

from __future__ import annotations

import secrets
from typing import Literal

from pipelines.ledger.database import Ledger


def home_secret(ledger: Ledger, purpose: Literal["erasure", "masking"]) -> str:
    """The secret for a purpose, drawn at the first call.

    Keys are often short numbers or addresses that could be tried one by one. With a secret, hashes of them cannot be
    looked up in a list or compared with those of another home. Not seeded: a secret that can be foretold is none.
    """
    with ledger.transaction() as connection:
        connection.execute("INSERT OR IGNORE INTO home_secret VALUES (?, ?)", [purpose, secrets.token_hex(32)])
        row = connection.execute("SELECT value FROM home_secret WHERE purpose = ?", [purpose]).fetchone()
        return str(row["value"])
