"""Looking for erased customers by their traces: in rows of tables with SQL, and among the bytes of a database.

What looks like a trace is taken out of a text and looked up, so that a search for a thousand customers takes hardly
longer than one for a single customer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.erasure.subject import Traces
from pipelines.redaction import ADDRESS, NUMBER, WORD, longest_word, phone_digits
from warehouse.cast_sql import literal

if TYPE_CHECKING:
    import duckdb

# Signs before the @ by which an address is looked up among bytes, where nothing parts one text from the next.
_BEFORE = 3


def addresses_in(held: bytes, emails: Collection[str], longer: Collection[str] = ()) -> set[str]:
    """Those of the addresses, given in lower case, that stand anywhere among bytes in lower case.

    Where one stands within a `longer` address, it is that one which stands there.
    """
    around = {email: [(one.encode(), one.index(email)) for one in longer if email in one] for email in emails}
    by_ending: dict[bytes, list[tuple[bytes, int]]] = defaultdict(list)
    for email in map(str.encode, emails):
        at = email.index(b"@")
        by_ending[email[max(at - _BEFORE, 0) : at]].append((email, at))
    lengths = sorted({len(ending) for ending in by_ending})
    seen: set[str] = set()
    for sign in re.finditer(b"@", held):
        at = sign.start()
        for length in lengths:
            for email, before in by_ending.get(held[max(at - length, 0) : at], ()):
                begin, whole = at - before, email.decode()
                if held.startswith(email, begin) and not any(
                    held.startswith(one, begin - offset) for one, offset in around[whole] if offset <= begin
                ):
                    seen.add(whole)
    return seen


def register_traces(connection: duckdb.DuckDBPyConnection, traces: Traces) -> None:
    """Make traces known to a connection, for `numbers_naming`."""
    _create(connection, "trace_email", {"value": traces.emails})
    _create(connection, "trace_phone", {"value": traces.phones})
    names, postal_codes = [name for name, _ in traces.homes], [code for _, code in traces.homes]
    words = [longest_word(code) for code in postal_codes]
    alone = [_alone(code) for code in postal_codes]
    called = [_alone(name) for name in names]
    _create(connection, "trace_home", {"name": names, "called": called, "alone": alone, "word": words})


def numbers_naming(texts: str) -> str:
    """SQL select of the numbers of texts that hold a trace. `texts` is one of number and text in lower case (said)."""
    return f"""WITH told AS ({texts}),
        looks_like AS (
          SELECT number, unnest(regexp_extract_all(said, {literal(ADDRESS)})) AS found, true AS is_address FROM told
          UNION ALL SELECT number, unnest(regexp_extract_all(said, {literal(NUMBER)})), false FROM told)
        SELECT number FROM looks_like SEMI JOIN trace_email ON is_address AND rtrim(found, '.') = value
        UNION SELECT number FROM looks_like SEMI JOIN trace_phone ON NOT is_address AND {phone_digits("found")} = value
        UNION SELECT number
              FROM (SELECT number, said, unnest(regexp_extract_all(said, {literal(WORD)})) AS word FROM told)
              JOIN trace_home USING (word)
              WHERE contains(said, name) AND regexp_matches(said, called) AND regexp_matches(said, alone)"""


def _alone(text: str) -> str:
    """Pattern of a name or postal code that is not the end or beginning of another."""
    return rf"(?:^|\\[nrt]|[^\pL\pN]){re.escape(text)}(?:$|[^\pL\pN])"


def _create(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Sequence[str]]) -> None:
    data = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
    connection.register("traces_given", data)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM traces_given")
    connection.unregister("traces_given")
