"""JSON-lines and JSON files → Arrow columns of exact text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from connectors.contract import FeedContract
from connectors.declared import known_names, missing_column, required_source_columns, undeclared
from connectors.delivery import FeedTrouble, Receipt, rejects_table
from connectors.json_records import JsonRecords
from connectors.source_spec import FileSource
from connectors.text_file import DataLines, FrameClaims, readable, utf8_chunks

ABSENT_PROOF_ROWS = 100  # so many records without a key, and it is missing rather than left out where empty


def check_presence(contract: FeedContract, records: JsonRecords, place: str) -> None:
    """Miss declared columns that no record of a finished delivery held.

    JSON sources often leave out keys that are empty, so only a required column is missed at once, others after a
    hundred records.

    Raises:
        FeedTrouble: kind 'contract', naming the columns.
    """
    shape = records.shape
    if shape.row_count == 0:
        return
    absent = shape.absent(contract.source_columns())
    required = required_source_columns(contract)
    missing = [name for name in absent if shape.row_count >= ABSENT_PROOF_ROWS or name in required]
    if missing:
        raise missing_column(contract, place, missing, shape.names)


def undeclared_names(contract: FeedContract, records: JsonRecords) -> tuple[str, ...]:
    """Top-level keys of a delivery that the contract neither names nor reaches into."""
    return undeclared(known_names(contract), records.shape.names)


class JsonLinesFile:
    """One JSON-lines file. A line that is no JSON object goes to the rejects; blank lines are no records."""

    def __init__(self, path: Path, name: str, contract: FeedContract, source: FileSource) -> None:
        self._contract, self._name = contract, name
        self._lines = DataLines(utf8_chunks(path, source, contract.feed), source, contract.feed, name)
        self._records = JsonRecords(contract.source_columns())
        self._rejects: list[tuple[int, str, str]] = []
        self.schema = self._records.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows of the declared columns, in the order of the file. Raises FeedTrouble."""
        line_number: int | None = None
        try:
            for chunk in self._lines:
                line_number = line_number or self._lines.first_line
                lines = chunk.split(b"\n")[:-1]
                texts, numbers = self._decoded(chunk, lines, line_number)
                table, bad = self._records.read_lines(texts)
                self._rejects += [(numbers[record.index], record.text, record.reason) for record in bad]
                line_number += len(lines)
                yield from table.to_batches()
            check_presence(self._contract, self._records, f"file '{self._name}'")
        finally:
            self._records.close()

    def _decoded(self, chunk: bytes, lines: list[bytes], first: int) -> tuple[list[str], range | list[int]]:
        try:
            texts = chunk.decode("utf-8").split("\n")[:-1]
        except UnicodeDecodeError:
            texts = []
        if texts and b"\n\n" not in b"\n" + chunk and b"\r\n\r\n" not in b"\r\n" + chunk:
            return texts, range(first, first + len(texts))
        texts, numbers = [], []
        for number, line in enumerate(lines, first):
            try:
                text = line.decode("utf-8")
            except UnicodeDecodeError:
                self._rejects.append((number, readable(line), "is not valid text in the declared encoding"))
                continue
            if text.strip():
                texts.append(text)
                numbers.append(number)
        return texts, numbers

    def receipt(self) -> Receipt:
        """What header and trailer claim, the rejected lines, and keys that nobody declared."""
        claims: FrameClaims = self._lines.claims
        return Receipt(
            claimed_rows=claims.rows,
            claimed_totals=claims.totals,
            other_claims=claims.other,
            rejects=rejects_table(sorted(self._rejects)),
            undeclared_columns=undeclared_names(self._contract, self._records),
            sequence=claims.sequence,
            business_date=claims.business_date,
        )


class JsonFile:
    """One JSON document that holds a list of records. It is read whole: memory grows with the file."""

    def __init__(self, path: Path, name: str, contract: FeedContract, source: FileSource) -> None:
        self._contract, self._source, self._name, self._path = contract, source, name, path
        self._records = JsonRecords(contract.source_columns())
        self.schema = self._records.schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Rows of the declared columns, in the order of the file. Raises FeedTrouble."""
        try:
            data = b"".join(utf8_chunks(self._path, self._source, self._contract.feed))
            try:
                table = self._records.read_page(data.decode("utf-8"), self._source.records)
            except ValueError as error:
                where = f"at byte {error.start:,}" if isinstance(error, UnicodeDecodeError) else ""
                reason = f"is not valid {self._source.encoding} {where}" if where else str(error)
                raise self._broken(reason) from None
            if table is None:
                raise self._broken(f"has no list of records at {self._source.records}")
            yield from table.to_batches()
            check_presence(self._contract, self._records, f"file '{self._name}'")
        finally:
            self._records.close()

    def _broken(self, reason: str) -> FeedTrouble:
        return FeedTrouble(
            self._contract.feed,
            f"file '{self._name}' {reason}",
            "Nothing was landed. Have the sender deliver it again, or correct 'records' in the contract.",
            kind="broken",
        )

    def receipt(self) -> Receipt:
        """Keys that nobody declared."""
        return Receipt(undeclared_columns=undeclared_names(self._contract, self._records))
