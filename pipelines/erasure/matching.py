"""Recognising erased customers in a text by their traces: e-mail address, telephone number, name beside postal code.

In SQL for rows of tables, in Python for lines of text; both look for the same patterns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.erasure.subject import PHONE_DIGITS, Traces
from warehouse.cast_sql import literal

if TYPE_CHECKING:
    import duckdb

_ADDRESS = r"""[^\s"'<>,;:(){}\[\]|=\\/]+@[^\s"'<>,;:(){}\[\]|=\\/]+"""
_NUMBER = r"\+?\(?[0-9][0-9 ().\-/]{5,}[0-9]"
REDACTED = "(erased)"


@dataclass(frozen=True)
class Redaction:
    """Takes traces out of texts."""

    emails: frozenset[str]
    phones: frozenset[str]
    homes: Sequence[tuple[str, str]]

    @staticmethod
    def of(traces: Traces) -> Redaction:
        """A redaction of these traces."""
        return Redaction(frozenset(traces.emails), frozenset(traces.phones), traces.homes)

    def __call__(self, text: str) -> str:
        """The text without traces; a line in which a name stands beside its postal code loses the name."""
        text = re.sub(_ADDRESS, lambda found: self._address(found[0]), text)
        text = re.sub(_NUMBER, lambda found: REDACTED if self._is_phone(found[0]) else found[0], text)
        lowered = text.lower()
        for name, postal_code in self.homes:
            if name in lowered and postal_code in lowered:
                text = re.sub(re.escape(name), REDACTED, text, flags=re.IGNORECASE)
                lowered = text.lower()
        return text

    def _address(self, found: str) -> str:
        return REDACTED if found.rstrip(".").lower() in self.emails else found

    def _is_phone(self, found: str) -> bool:
        return re.sub("[^0-9]", "", found)[-PHONE_DIGITS:] in self.phones


def register_traces(connection: duckdb.DuckDBPyConnection, traces: Traces) -> None:
    """Make traces known to a connection, for `names_somebody`."""
    for name, values in (("trace_email", traces.emails), ("trace_phone", traces.phones)):
        _create(connection, name, {"value": values})
    _create(
        connection,
        "trace_home",
        {"name": [name for name, _ in traces.homes], "postal_code": [code for _, code in traces.homes]},
    )


def names_somebody(text: str) -> str:
    """SQL condition: a text (SQL, in lower case) holds a trace."""
    numbers = f"list_transform(regexp_extract_all({text}, {literal(_NUMBER)}), lambda found: {_last_digits('found')})"
    addresses = f"list_transform(regexp_extract_all({text}, {literal(_ADDRESS)}), lambda found: rtrim(found, '.'))"
    return f"""(coalesce(list_has_any({addresses}, (SELECT list(value) FROM trace_email)), false)
             OR coalesce(list_has_any({numbers}, (SELECT list(value) FROM trace_phone)), false)
             OR EXISTS (SELECT 1 FROM trace_home
                        WHERE contains({text}, trace_home.name) AND contains({text}, trace_home.postal_code)))"""


def _last_digits(number: str) -> str:
    return f"right(regexp_replace({number}, '[^0-9]', '', 'g'), {PHONE_DIGITS})"


def _create(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Sequence[str]]) -> None:
    data = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
    connection.register("traces_given", data)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM traces_given")
    connection.unregister("traces_given")
