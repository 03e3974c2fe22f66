"""Split CSV text into records, apart from the parser that reads the values.

Two things come from it: a count of records that the parser must agree with, and text that the parser cannot stumble
over. A line with an even number of quotes is a record; only lines with an odd number need a closer look, where a
field may go on in the next line or a quote may be a mistake. A mistake costs the line that holds it and no other: the
line goes to the rejects with its reason and reading goes on at the next line.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from connectors.text_file import readable

LONGEST_RECORD_BYTES = 64 * 1024 * 1024  # an open quote is given up beyond this


@dataclass(frozen=True)
class Dialect:
    """How values are separated and quoted. An empty `quote` means that quotes have no meaning."""

    delimiter: bytes
    quote: bytes
    escape: bytes


@dataclass
class SplitText:
    """What the split found. `rejects` holds (line number, raw text, reason); line numbers count from 1."""

    record_count: int = 0
    longest_bytes: int = 0
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    # Where written text starts to lie on another line than before: written bytes, and the line number there.
    _offsets: list[int] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)
    written: int = 0

    def starts_at(self, line_number: int) -> None:
        """Say that what is written next stood on this line of the file."""
        self._offsets.append(self.written)
        self._lines.append(line_number)

    def anchor(self, written_offset: int) -> tuple[int, int]:
        """The last known place at or before a written byte: its offset and its line number in the file."""
        position = bisect_right(self._offsets, written_offset) - 1
        return self._offsets[position], self._lines[position]


class CsvSplitter:
    """Writes sound records to `out` as UTF-8 with newlines as line ends, and keeps count.

    `is_thorough` judges every line that holds a quote, not only the odd ones: slower, for when the parser disagrees.
    """

    def __init__(self, dialect: Dialect, column_count: int, out: BinaryIO, *, is_thorough: bool = False) -> None:
        self.result = SplitText()
        self._dialect, self._column_count, self._out = dialect, column_count, out
        self._is_thorough = is_thorough
        self._patterns = _Patterns(dialect, column_count)
        self._ends_in_delimiter: bool | None = None  # whether it is a habit of the file: its first line says so

    def split(self, chunks: Iterable[bytes], first_line: int) -> SplitText:
        """Split chunks of whole lines; `first_line` is the number of the first."""
        line_number = first_line
        self.result.starts_at(line_number)
        rest = b""
        for chunk in chunks:
            data = rest + chunk if rest else chunk
            if self._ends_in_delimiter is None:
                self._ends_in_delimiter = self._patterns.overlong.match(data.lstrip(b"\r\n")) is not None
            taken, lines = self._take(data, line_number, is_last=False)
            line_number += lines
            rest = data[taken:]
        if rest:
            self._take(rest, line_number, is_last=True)
        return self.result

    def _take(self, data: bytes, line_number: int, *, is_last: bool) -> tuple[int, int]:
        """Split what can be split; returns the bytes and lines taken. The rest waits for more text."""
        ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
        doubtful = self._doubtful_lines(data, ends)
        if len(doubtful) == 0:
            self._write_sound(data, len(ends))
            return len(data), len(ends)
        line = 0
        for suspect in doubtful.tolist():
            if suspect < line:  # went with the record before
                continue
            start = int(ends[suspect - 1]) + 1 if suspect else 0
            sound_from = int(ends[line - 1]) + 1 if line else 0
            self._write_sound(data[sound_from:start], suspect - line)
            lines = self._judge(data, start, int(ends[suspect]), line_number + suspect, is_last=is_last)
            if lines == 0:
                return start, suspect
            line = suspect + lines
        sound_from = int(ends[line - 1]) + 1 if line else 0
        self._write_sound(data[sound_from:], len(ends) - line)
        return len(data), len(ends)

    def _doubtful_lines(self, data: bytes, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indexes of lines that need a closer look."""
        doubtful: list[NDArray[np.int64]] = []
        quote, escape = self._dialect.quote, self._dialect.escape
        if quote and quote in data:
            visible = data
            if escape and escape != quote:
                visible = data.replace(escape * 2, b"\0\0").replace(escape + quote, b"\0\0")
            quotes = np.flatnonzero(np.frombuffer(visible, np.uint8) == quote[0])
            upto = np.searchsorted(quotes, ends)
            counts = np.diff(upto, prepend=0)
            doubtful.append(np.flatnonzero(counts > 0 if self._is_thorough else counts & 1))
        if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
            returns = np.flatnonzero(np.frombuffer(data, np.uint8) == 13)
            lone = returns[np.frombuffer(data, np.uint8)[np.minimum(returns + 1, len(data) - 1)] != 10]
            doubtful.append(np.searchsorted(ends, lone))
        if data.startswith((b"\n", b"\r\n")) or b"\n\n" in data or b"\n\r\n" in data:
            lengths = np.diff(ends, prepend=-1) - 1
            doubtful.append(np.flatnonzero(lengths <= 1))
        delimiter = self._dialect.delimiter
        if not self._ends_in_delimiter and (delimiter + b"\n" in data or delimiter + b"\r\n" in data):
            doubtful.append(self._overlong_lines(data, ends))
        if not _is_utf8(data):
            lines = data.split(b"\n")
            doubtful.append(np.array([i for i, line in enumerate(lines) if not _is_utf8(line)], dtype=np.int64))
        return np.unique(np.concatenate(doubtful)) if doubtful else np.empty(0, np.int64)

    def _overlong_lines(self, data: bytes, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """Indexes of lines that end in a delimiter and may have one too many.

        The parser drops an empty value too many, and with it the sign that a delimiter inside a value moved the others.
        """
        delimiter, text = self._dialect.delimiter, np.frombuffer(data, np.uint8)
        if len(delimiter) == 1:
            places = np.flatnonzero(text == delimiter[0])
        else:
            places = np.array([found.start() for found in re.finditer(re.escape(delimiter), data)], np.int64)
        upto = np.searchsorted(places, ends)
        line_ends = ends - (text[np.maximum(ends - 1, 0)] == 13)
        is_at_end = places[np.maximum(upto - 1, 0)] + len(delimiter) == line_ends
        return np.flatnonzero(is_at_end & (np.diff(upto, prepend=0) >= self._column_count))

    def _write_sound(self, data: bytes, lines: int) -> None:
        if not data:
            return
        text = data.replace(b"\r\n", b"\n") if b"\r\n" in data else data
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
        self._write(text, records=lines, longest=int(np.diff(ends, prepend=-1).max()))

    def _write(self, text: bytes, *, records: int, longest: int) -> None:
        if self.result.written == 0 and text.startswith(codecs.BOM_UTF8):
            # A value that begins with this character: the parser drops the first one of a file.
            self._out.write(codecs.BOM_UTF8)
            self.result.written += len(codecs.BOM_UTF8)
        self._out.write(text)
        self.result.written += len(text)
        self.result.record_count += records
        self.result.longest_bytes = max(self.result.longest_bytes, longest)

    def _judge(self, data: bytes, start: int, end: int, line_number: int, *, is_last: bool) -> int:
        """Write or reject what begins on a doubtful line; returns the number of lines used, 0 to wait for more text."""
        line = data[start:end].removesuffix(b"\r")
        if not line:
            self.result.starts_at(line_number + 1)
            return 1
        record = self._patterns.record.match(data, start)
        if record is not None and not self._swallows_rows(record[0]):
            return self._keep(record[0], line_number)
        may_go_on = record is None and not is_last and len(data) - start < LONGEST_RECORD_BYTES
        if may_go_on and self._patterns.open_to_the_end.match(data, start):
            return 0
        if not _is_utf8(line):
            return self._reject(line, line_number, "is not valid text in the declared encoding")
        lenient = self._patterns.lenient_fields(line)
        if lenient is not None:
            self._write(lenient, records=1, longest=len(lenient))
            return 1
        return self._reject(line, line_number, self._patterns.fault(line))

    def _keep(self, record: bytes, line_number: int) -> int:
        lines = record.count(b"\n")
        if not _is_utf8(record):
            first, _, _ = record.partition(b"\n")
            return self._reject(first.removesuffix(b"\r"), line_number, "is not valid text in the declared encoding")
        text = record[:-2] + b"\n" if record.endswith(b"\r\n") else record
        self._write(text, records=1, longest=len(text))
        return lines

    def _reject(self, line: bytes, line_number: int, reason: str) -> int:
        self.result.rejects.append((line_number, readable(line), reason))
        self.result.starts_at(line_number + 1)
        return 1

    def _swallows_rows(self, record: bytes) -> bool:
        """A record over several lines whose inner lines are all whole rows: its opening quote is a mistake.

        Rows that hold quotes cannot be swallowed unnoticed, so only lines without any count.
        """
        inner = record.split(b"\n")[1:-2]
        if not inner or self._column_count == 1:
            return False
        quote, pattern = self._dialect.quote, self._patterns.record
        return all(quote not in line and pattern.fullmatch(line + b"\n") for line in inner)


class _Patterns:
    """Regular expressions of one dialect and number of columns."""

    def __init__(self, dialect: Dialect, column_count: int) -> None:
        self._dialect, self._column_count = dialect, column_count
        delimiter, quote, escape = (re.escape(part) for part in (dialect.delimiter, dialect.quote, dialect.escape))
        not_delimiter = rb"[^%b%%b]" % delimiter if len(dialect.delimiter) == 1 else rb"(?:(?!%b)[^%%b])" % delimiter
        if not dialect.quote:
            opened, self._quoted = rb"(?!)", rb"(?!)"
            plain = not_delimiter % rb"\r\n" + rb"*+"
        else:
            inner = rb"[^%b]*+" % quote
            if escape and escape != quote:
                opened = rb"%b(?:[^%b%b]|%b.)*+" % (quote, quote, escape, escape)
            else:
                opened = rb"%b%b(?:%b%b%b)*+" % (quote, inner, quote, quote, inner)
            self._quoted = opened + quote
            plain = not_delimiter % (rb"\r\n" + quote) + rb"*+"
        strict = rb"(?:%b|%b)" % (self._quoted, plain)
        record, end = rb"%b(?:%b%b){%d}" % (strict, delimiter, strict, column_count - 1), rb"\r?(?:\n|\Z)"
        self.record = re.compile(record + end, re.DOTALL)
        self.overlong = re.compile(record + delimiter + end, re.DOTALL)
        self.open_to_the_end = re.compile(rb"(?:%b%b)*+%b\Z" % (strict, delimiter, opened), re.DOTALL)
        loose = rb"(?:%b(?=%b|\Z)|(?!%b)%b*+)" % (
            self._quoted,
            delimiter,
            quote or rb"(?!)",
            not_delimiter % rb"\n",
        )
        self._loose_field = re.compile(loose, re.DOTALL)
        self._plain_text_after_quote = re.compile(rb"(?:%b%b)*+%b." % (strict, delimiter, self._quoted), re.DOTALL)

    def lenient_fields(self, line: bytes) -> bytes | None:
        """The line with its fields quoted properly, when it only has quotes or carriage returns inside plain values."""
        delimiter, quote = self._dialect.delimiter, self._dialect.quote
        if not quote:
            return None
        fields: list[bytes] = []
        position = 0
        while True:
            found = self._loose_field.match(line, position)
            if found is None:
                return None
            value = found[0]
            if not value.startswith(quote) and (quote in value or b"\r" in value):
                escape = self._dialect.escape or quote
                doubled = value.replace(escape, escape * 2) if escape != quote else value
                value = quote + doubled.replace(quote, escape + quote) + quote
            fields.append(value)
            position = found.end()
            if position == len(line):
                break
            position += len(delimiter)
        return delimiter.join(fields) + b"\n" if len(fields) == self._column_count else None

    def fault(self, line: bytes) -> str:
        """Why a line is no record."""
        if self.open_to_the_end.match(line):
            return "has a quote that opens a value and does not close it"
        if self._dialect.quote and self._plain_text_after_quote.match(line):
            return "has text after a closing quote"
        return f"does not have {self._column_count} columns"


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
