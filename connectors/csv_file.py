"""CSV files → Arrow columns of text.

DuckDB parses; `csv_split.py` counts records on its own and keeps broken lines away from the parser. Both counts must
agree before a row is handed over: parsers that skip what they cannot read have lost good rows beside one stray quote.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.csv_split import CsvSplitter, Dialect, SplitText
from connectors.declared import missing_column, undeclared
from connectors.delivery import FeedTrouble, Receipt, rejects_table
from connectors.duckdb_sessions import open_session
from connectors.quoting import literal, quoted
from connectors.source_spec import FileSource
from connectors.text_file import DataLines, FrameClaims, first_line_of, readable, utf8_chunks

BATCH_ROWS = 100_000
SMALLEST_LINE_LIMIT = 2 * 1024 * 1024

Reject = tuple[int, str, str]


@dataclass(frozen=True)
class _Body:
    """The prepared text of one file and what is known of it."""

    path: Path
    names: list[str]
    split: SplitText
    claims: FrameClaims


class CsvFile:
    """One CSV file, split and proven when it is opened, parsed once more when it is read.

    Raises:
        FeedTrouble: 'truncated' when the file is cut off; 'broken' when it is empty or cannot be accounted for line
            by line; 'contract' when a declared column is missing or a name stands twice in the header line.
    """

    def __init__(self, path: Path, name: str, contract: FeedContract, source: FileSource) -> None:
        self._contract, self._source, self._name = contract, source, name
        # Beside the file: after a kill what it held of people goes as the file goes.
        self._folder = tempfile.TemporaryDirectory(prefix=".csv-", dir=path.parent)
        try:
            self._body, parser_rejects = self._proven(path)
        except BaseException:
            self._folder.cleanup()
            raise
        self._rejects = sorted([*self._body.split.rejects, *parser_rejects])
        self._row_count = self._body.split.record_count - len(parser_rejects)
        self.schema = pa.schema([(column, pa.string()) for column in contract.source_columns()])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows of the declared columns, in the order of the file. An empty value is NULL, quoted or not."""
        rows = 0
        try:
            with open_session() as connection:
                for batch in connection.sql(self._query(self._body)).to_arrow_reader(BATCH_ROWS):
                    rows += batch.num_rows
                    yield batch.cast(self.schema)
        finally:
            self._folder.cleanup()
        if rows != self._row_count:
            raise self._unaccounted(rows, 0)

    def receipt(self) -> Receipt:
        """What header and trailer claim, the rejected lines, and columns that nobody declared."""
        claims = self._body.claims
        return Receipt(
            claimed_rows=claims.rows,
            claimed_totals=claims.totals,
            other_claims=claims.other,
            rejects=rejects_table(self._rejects),
            undeclared_columns=undeclared(self._contract.source_columns(), self._body.names),
            sequence=claims.sequence,
            business_date=claims.business_date,
        )

    def _proven(self, path: Path) -> tuple[_Body, list[Reject]]:
        """The split text on whose records the parser agrees, and the records that it refuses."""
        rows = refused = 0
        for is_thorough in (False, True):
            body = self._prepared(path, is_thorough=is_thorough)
            rows, rejects = self._parsed(body)
            refused = len(rejects)
            if rows + refused == body.split.record_count:
                return body, rejects
        raise self._unaccounted(rows, refused, body.split.record_count)

    def _unaccounted(self, rows: int, refused: int, records: int | None = None) -> FeedTrouble:
        expected = f"{records:,} records" if records is not None else f"{self._row_count:,} rows on a first reading"
        return FeedTrouble(
            self._contract.feed,
            f"file '{self._name}' holds {expected}, but the parser found {rows:,} rows and refused {refused:,}",
            "Nothing was landed. Check delimiter, quote and escape in the contract against the file.",
            kind="broken",
        )

    def _prepared(self, path: Path, *, is_thorough: bool) -> _Body:
        feed, source = self._contract.feed, self._source
        lines = DataLines(utf8_chunks(path, source, feed), source, feed, self._name)
        chunks = iter(lines)
        if source.columns is not None:
            names, first = list(source.columns), next(chunks, b"")
        else:
            names, first = self._header_names(next(chunks, b""))
        header_lines = 0 if source.columns is not None else 1
        dialect = Dialect(source.separator.encode(), source.quote.encode(), source.escape.encode())
        body = Path(self._folder.name) / "body.csv"
        with body.open("wb") as out:
            splitter = CsvSplitter(dialect, len(names), out, is_thorough=is_thorough)
            split = splitter.split(_chain(first, chunks), lines.first_line + header_lines)
        self._check_columns(names)
        return _Body(body, names, split, lines.claims)

    def _header_names(self, chunk: bytes) -> tuple[list[str], bytes]:
        line = first_line_of([chunk])
        try:
            names = _parse_line(line.removesuffix(b"\r"), self._source)
        except csv.Error:  # such as a carriage return inside it
            raise FeedTrouble(
                self._contract.feed,
                f"the header line of file '{self._name}' cannot be read: it starts {readable(line)[:40]!r}",
                "Have the sender end every line of the file alike and deliver it again.",
                kind="broken",
            ) from None
        return names, chunk[len(line) + 1 :]

    def _check_columns(self, names: list[str]) -> None:
        contract = self._contract
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise FeedTrouble(
                contract.feed,
                f"the header line of file '{self._name}' names column {', '.join(twice)} twice",
                "Have the sender give each column a name of its own.",
                kind="contract",
            )
        missing = [column for column in contract.source_columns() if column not in names]
        if missing:
            raise missing_column(contract, f"file '{self._name}'", missing, names)

    def _parsed(self, body: _Body) -> tuple[int, list[Reject]]:
        """The number of rows the parser yields, and the records it refuses with line, text and reason."""
        with open_session() as connection:
            counted = f"SELECT count(*) FROM ({self._query(body)})"
            [(rows,)] = connection.execute(counted).fetchall()
            refused = connection.execute(
                """SELECT line_byte_position - 1, any_value(csv_line),
                          string_agg(DISTINCT lower(error_type::VARCHAR), ', ' ORDER BY lower(error_type::VARCHAR))
                FROM reject_errors GROUP BY line_byte_position ORDER BY line_byte_position"""
            ).fetchall()
        return rows, list(_with_line_numbers(body, refused))

    def _query(self, body: _Body) -> str:
        source = self._source
        columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(body.names)))
        wanted = ", ".join(
            f"c{body.names.index(column)} AS {quoted(column)}" for column in self._contract.source_columns()
        )
        # Every option is given, so that nothing is guessed from a sample of the file.
        return f"""SELECT {wanted} FROM read_csv({literal(body.path)},
            columns = {{{columns}}}, auto_detect = false, header = false, new_line = '\\n',
            delim = {literal(source.separator)}, quote = {literal(source.quote)}, escape = {literal(source.escape)},
            store_rejects = true, max_line_size = {max(SMALLEST_LINE_LIMIT, body.split.longest_bytes + 1024)})"""


def _with_line_numbers(body: _Body, refused: list[tuple[int, str, str]]) -> Iterator[Reject]:
    """The line in the file of each refused record, counted once through the text from the last known line on."""
    with body.path.open("rb") as text:
        for offset, line, reason in refused:
            anchor, line_number = body.split.anchor(offset)
            text.seek(anchor)
            yield line_number + text.read(offset - anchor).count(b"\n"), line, reason


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _parse_line(line: bytes, source: FileSource) -> list[str]:
    text = line.decode("utf-8", "replace")
    if len(source.separator) > 1 or not source.quote:
        return [name.strip(source.quote or None) for name in text.split(source.separator)] if text else []
    escape = source.escape if source.escape != source.quote else None
    return next(csv.reader([text], delimiter=source.separator, quotechar=source.quote, escapechar=escape), [])
