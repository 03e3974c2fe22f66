"""Recognising erased customers in a text by their traces: e-mail address, telephone number, name beside postal code.

In SQL for rows of tables, in Python for lines of text and for bytes. What looks like a trace is taken out of a text and
looked up, so that a search for a thousand customers takes hardly longer than one for a single customer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.erasure.subject import PHONE_DIGITS, Traces
from warehouse.cast_sql import literal

if TYPE_CHECKING:
    import duckdb

_OF_ADDRESS = r"""[^\s"'<>,;:(){}\[\]|=\\/]"""
_ADDRESS = f"{_OF_ADDRESS}+@{_OF_ADDRESS}+"
# Python's engine would begin anew at each sign of a long text; RE2 neither does nor knows how to look behind.
_WHOLE_ADDRESS = f"(?<!{_OF_ADDRESS}){_ADDRESS}"
_NUMBER = r"\+?\(?[0-9][0-9 ().\-/]{5,}[0-9]"
# With the sign for abroad; what has more digits is no telephone number, but a hash of a row or the like.
_MOST_DIGITS = 17
# Words with a digit, apart from a line's end as JSON writes it: a postal code is looked up by its longest.
_WORD = r"\\[nrt]|[a-z]*[0-9][0-9a-z]*"
# Signs before the @ by which an address is looked up among bytes, where nothing parts one text from the next.
_BEFORE = 3
REDACTED = "(erased)"


@dataclass(frozen=True)
class Redaction:
    """Takes traces out of texts. `homes` are by the word that each postal code is looked up by."""

    emails: frozenset[str]
    phones: frozenset[str]
    homes: Mapping[str, Sequence[tuple[str, str]]]

    @staticmethod
    def of(traces: Traces) -> Redaction:
        """A redaction of these traces."""
        homes: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, postal_code in traces.homes:
            homes[_longest_word(postal_code)].append((name, postal_code))
        return Redaction(frozenset(traces.emails), frozenset(traces.phones), homes)

    def __call__(self, text: str) -> str:
        """The text without traces; a line in which a name stands beside its postal code loses the name."""
        text = re.sub(_WHOLE_ADDRESS, lambda found: self._address(found[0]), text)
        text = re.sub(_NUMBER, lambda found: REDACTED if self._is_phone(found[0]) else found[0], text)
        lowered = text.lower()
        for word in self.homes.keys() & set(re.findall(_WORD, lowered)):
            for name, postal_code in self.homes[word]:
                if name in lowered and re.search(_alone(re.escape(postal_code)), lowered):
                    text = re.sub(re.escape(name), REDACTED, text, flags=re.IGNORECASE)
                    lowered = text.lower()
        return text

    def _address(self, found: str) -> str:
        return REDACTED if found.rstrip(".").lower() in self.emails else found

    def _is_phone(self, found: str) -> bool:
        digits = re.sub("[^0-9]", "", found)
        return len(digits) <= _MOST_DIGITS and digits[-PHONE_DIGITS:] in self.phones


def addresses_in(held: bytes, emails: Sequence[str]) -> int:
    """How many of the addresses, given in lower case, stand anywhere among bytes in lower case."""
    by_ending: dict[bytes, list[tuple[bytes, int]]] = defaultdict(list)
    for email in map(str.encode, emails):
        at = email.index(b"@")
        by_ending[email[max(at - _BEFORE, 0) : at]].append((email, at))
    lengths = sorted({len(ending) for ending in by_ending})
    seen: set[bytes] = set()
    for sign in re.finditer(b"@", held):
        at = sign.start()
        for length in lengths:
            for email, before in by_ending.get(held[max(at - length, 0) : at], ()):
                if held.startswith(email, at - before):
                    seen.add(email)
    return len(seen)


def register_traces(connection: duckdb.DuckDBPyConnection, traces: Traces) -> None:
    """Make traces known to a connection, for `numbers_naming`."""
    _create(connection, "trace_email", {"value": traces.emails})
    _create(connection, "trace_phone", {"value": traces.phones})
    names, postal_codes = [name for name, _ in traces.homes], [code for _, code in traces.homes]
    words = [_longest_word(code) for code in postal_codes]
    alone = [_alone(re.escape(code)) for code in postal_codes]
    _create(connection, "trace_home", {"name": names, "alone": alone, "word": words})


def numbers_naming(texts: str) -> str:
    """SQL select of the numbers of texts that hold a trace. `texts` is one of number and text in lower case (said)."""
    return f"""WITH told AS ({texts}),
        looks_like AS (
          SELECT number, unnest(regexp_extract_all(said, {literal(_ADDRESS)})) AS found, true AS is_address FROM told
          UNION ALL SELECT number, unnest(regexp_extract_all(said, {literal(_NUMBER)})), false FROM told)
        SELECT number FROM looks_like SEMI JOIN trace_email ON is_address AND rtrim(found, '.') = value
        UNION SELECT number
              FROM (SELECT number, regexp_replace(found, '[^0-9]', '', 'g') AS digits
                    FROM looks_like WHERE NOT is_address)
              SEMI JOIN trace_phone ON right(digits, {PHONE_DIGITS}) = value AND length(digits) <= {_MOST_DIGITS}
        UNION SELECT number
              FROM (SELECT number, said, unnest(regexp_extract_all(said, {literal(_WORD)})) AS word FROM told)
              JOIN trace_home USING (word) WHERE contains(said, name) AND regexp_matches(said, alone)"""


def _longest_word(postal_code: str) -> str:
    words: list[str] = re.findall(_WORD, postal_code)
    return max(words, key=len)


def _alone(code: str) -> str:
    """Pattern of a postal code (a pattern) that is not the end or beginning of another."""
    return rf"(?:^|\\[nrt]|[^0-9a-z]){code}(?:$|[^0-9a-z])"


def _create(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Sequence[str]]) -> None:
    data = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
    connection.register("traces_given", data)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM traces_given")
    connection.unregister("traces_given")
