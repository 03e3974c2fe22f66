"""Looking for erased people in all files of a home, and at everybody else's rows, by other means than the erasure's.

Every file is read as what it is: tables row by row, compressed files unpacked; of databases the raw bytes besides, for
what stands in blocks that are free. A text holds somebody when it holds their address, their number, however written,
or their name and postal code.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import duckdb
from living import Person

from pipelines.settings import Home

# Published tables whose rows belong to one customer each, or to nobody.
PUBLISHED = (
    "fct_order", "fct_order_line", "fct_payment", "fct_shipment", "fct_ticket", "fct_campaign_touch",
    "fct_web_registration", "interaction", "contact_point", "dim_customer", "dim_customer_history", "statement",
    "follow_up", "consent_event", "identity.customer_crosswalk", "identity.attribute_provenance",
)  # fmt: skip
_FORMS = "fct_web_registration"
_WITHOUT_REFERRERS = """REPLACE (
    CASE WHEN lower(trim(referred_by)) IN (SELECT email FROM gone) THEN NULL ELSE referred_by END AS referred_by)"""
# Rows of nobody whose order the erased had placed and the shop deleted: by the key of that order, or of what was sent
# or paid for it. Ids that were merged into theirs are theirs as well.
_THEIRS = """
    INSERT INTO gone SELECT old_customer_id, NULL FROM former.identity.customer_id_redirect
    WHERE current_customer_id IN (SELECT customer_id FROM gone);
    CREATE TABLE their_order AS
    SELECT concat(_source_system, '/', order_id) AS order_key FROM staged.staging.orders
    WHERE _is_deleted AND (
        lower(trim(email)) IN (SELECT email FROM gone)
        OR concat(_source_system, '/accounts/', account_id) IN (
            SELECT source_record_key FROM former.identity.customer_crosswalk SEMI JOIN gone USING (customer_id)));
    CREATE TABLE their_contact AS
    SELECT concat(source_system, '/payments/', payment_id) AS source_record_key
    FROM former.main.fct_payment SEMI JOIN their_order USING (order_key)
    UNION ALL SELECT concat(source_system, '/shipments/', shipment_id)
    FROM former.main.fct_shipment SEMI JOIN their_order USING (order_key)
"""
_OF_DELETED_ORDERS = {
    **dict.fromkeys(("fct_order_line", "fct_payment", "fct_shipment"), "order_key NOT IN (FROM their_order)"),
    "interaction": "source_record_key NOT IN (FROM their_contact)",
}
_BETWEEN_DIGITS = str.maketrans("", "", " ()-./")
# Digits of a telephone number with its country (E.164). Hashes have more, and any nine digits among millions of them.
_LONGEST_NUMBER = 15
_ROWS_AT_ONCE = 20_000


def remains(home: Home, people: Sequence[Person]) -> list[str]:
    """Files that hold something of these people, with the first example of each kind."""
    look = _Look(people)
    files = [path for path in home.root.rglob("*") if path.is_file() and not path.is_relative_to(home.sample)]
    # The marts are published by copying them, so that most bytes are there twice.
    once = {hashlib.sha256(file.read_bytes()).digest(): file for file in sorted(files)}
    return [f"{file.relative_to(home.root)}: {found}" for file in once.values() for found in look.into(file)]


def differences(living: Home, home: Home, people: Sequence[Person]) -> list[str]:
    """Published tables of a home and of what became of it in which rows of anybody else differ, ids among them.

    Forms of others may no longer say that one of these people sent them; that and nothing else is allowed for.
    """
    with duckdb.connect() as connection:
        for name, file in (("former", living.published), ("present", home.published), ("staged", living.warehouse)):
            connection.execute(f"ATTACH '{file}' AS {name} (READ_ONLY)")
        connection.execute("CREATE TABLE gone (customer_id VARCHAR, email VARCHAR)")
        connection.executemany("INSERT INTO gone VALUES (?, ?)", [[one.customer_id, one.email] for one in people])
        connection.execute(_THEIRS)
        found = []
        for table in PUBLISHED:
            place = table if "." in table else f"main.{table}"
            of_nobody = f"(customer_id IS NULL AND {_OF_DELETED_ORDERS.get(table, 'true')})"
            of_others = "customer_id NOT IN (SELECT customer_id FROM gone)"
            rows = f"(SELECT * {{}} FROM {{}}.{place} WHERE {of_nobody} OR {of_others})"
            former = rows.format(_WITHOUT_REFERRERS if table == _FORMS else "", "former")
            present = rows.format("", "present")
            ((count, lost, come),) = connection.execute(
                f"""SELECT (SELECT count(*) FROM {present}),
                           (SELECT count(*) FROM ({former} EXCEPT ALL {present})),
                           (SELECT count(*) FROM ({present} EXCEPT ALL {former}))"""
            ).fetchall()
            if lost or come or not count:
                found.append(f"{table}: {lost} rows gone and {come} come, of {count}")
    return found


class _Look:
    def __init__(self, people: Sequence[Person]) -> None:
        self.digits = {person.digits for person in people}
        self.locals: dict[str, set[str]] = defaultdict(set)
        self.names: dict[str, set[str]] = defaultdict(set)
        for person in people:
            local, _, domain = person.email.partition("@")
            self.locals[domain].add(local)
            self.names[person.postal_code].add(person.name)
        self.lengths = {domain: {len(one) for one in names} for domain, names in self.locals.items()}
        shapes = {re.sub("[a-z]", "[a-z]", re.sub("[0-9]", "[0-9]", code)) for code in self.names}
        self.code = re.compile(f"(?<![0-9a-z])(?:{'|'.join(sorted(shapes, key=len, reverse=True))})(?![0-9])")

    def into(self, file: Path) -> list[str]:
        found: dict[str, str] = {}
        for text in _texts(file):
            for kind, example in self._in_text(text.lower()):
                found.setdefault(kind, example)
        if file.suffix in {".duckdb", ".db"}:
            for _, example in self._addresses(file.read_bytes().decode("latin-1").lower()):
                found.setdefault("bytes", example)
        return [f"{kind} ({example})" for kind, example in found.items()]

    def _in_text(self, text: str) -> Iterator[tuple[str, str]]:
        yield from self._addresses(text)
        for number in re.finditer("[0-9]{9,}", text.translate(_BETWEEN_DIGITS)):
            if len(number[0]) <= _LONGEST_NUMBER and number[0][-9:] in self.digits:
                yield "number", number[0]
        for line in filter(self.code.search, text.split("\n")):
            yield from self._homes(line)

    def _addresses(self, text: str) -> Iterator[tuple[str, str]]:
        for sign in re.finditer("@", text):
            at = sign.start()
            for domain, names in self.locals.items():
                if text.startswith(domain, at + 1):
                    for length in self.lengths[domain]:
                        if at >= length and text[at - length : at] in names:
                            yield "address", f"{text[at - length : at]}@{domain}"

    def _homes(self, line: str) -> Iterator[tuple[str, str]]:
        # The longest shape is found first, of which a code may be the beginning.
        for found in self.code.finditer(line):
            for code in {found[0], found[0][:5]}:
                for name in self.names.get(code, ()):
                    if name in line:
                        yield "name beside postal code", f"{name}, {code}"


def _texts(file: Path) -> Iterator[str]:
    """All that a file says; a line is a row of a table, or a record of a page."""
    if file.suffix == ".parquet":
        with duckdb.connect() as connection:
            yield from _rows(connection, f"read_parquet('{file}')")
    elif file.suffix == ".duckdb":
        with duckdb.connect(str(file), read_only=True) as connection:
            for (table,) in connection.sql(
                'SELECT format(\'"{}"."{}"\', schema_name, table_name) FROM duckdb_tables() WHERE NOT internal'
            ).fetchall():
                yield from _rows(connection, table)
    elif file.suffix == ".db":
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                yield "\n".join(repr(row) for row in connection.execute(f'SELECT * FROM "{name}"'))
    else:
        held = file.read_bytes()
        text = (gzip.decompress(held) if file.suffix == ".gz" else held).decode("utf-8", "replace")
        yield re.sub(r"\}\s*,\s*\{", "}\n{", text)


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    kinds = connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE FROM {table})").fetchall()
    columns = [f'"{name}"' for name, kind in kinds if re.search("CHAR|INT|JSON|BLOB|STRUCT|MAP|\\[", kind)]
    if not columns:
        return
    rows = connection.execute(f"SELECT replace(concat_ws(' | ', {', '.join(columns)}), chr(10), ' ') FROM {table}")
    while chunk := rows.fetchmany(_ROWS_AT_ONCE):
        yield "\n".join(text for (text,) in chunk)
