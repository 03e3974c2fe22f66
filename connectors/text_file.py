"""The bytes of a text file → UTF-8 lines: unpacked, decoded, freed of byte-order mark, header and trailer record.

CSV and JSON-lines readers share this. Nothing is dropped here: bytes that do not decode are marked so that the line
that holds them can be put aside with its reason.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from connectors.delivery import FeedTrouble
from connectors.source_spec import FileSource, RecordLine

CHUNK_BYTES = 4 * 1024 * 1024
_MARK_UNDECODABLE = "connectors.mark-undecodable"


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_MARK_UNDECODABLE, _mark)


def readable(line: bytes) -> str:
    """A line as text for a reject: bytes that did not decode show as \\xNN."""
    try:
        text = line.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return line.decode("utf-8", "backslashreplace")
    return re.sub("[\ud800-\udfff]", _shown_surrogate, text)


def _shown_surrogate(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC00 <= code <= 0xDCFF else f"\\u{code:04x}"


def utf8_chunks(path: Path, source: FileSource, feed: str) -> Iterator[bytes]:
    """The file's text as UTF-8, in chunks cut anywhere, without byte-order mark.

    Bytes that the contract's encoding does not know become lone surrogates, which are no valid UTF-8.

    Raises:
        FeedTrouble: 'broken' for a damaged .gz, 'truncated' for one cut off, 'contract' for an encoding Python has not.
    """
    try:
        name = codecs.lookup(source.encoding).name
    except LookupError:
        raise FeedTrouble(
            feed,
            f"encoding '{source.encoding}' is not known",
            "Write a Python codec name such as utf-8, latin-1, cp1252 or utf-16 in the contract.",
            kind="contract",
        ) from None
    blocks = _unpacked(path, feed) if path.suffix == ".gz" else _blocks(path)
    if name in ("utf-8", "utf-8-sig", "ascii"):
        yield from _without_mark(blocks)
    else:
        yield from _without_mark(_transcoded(blocks, name, path, feed))


def _transcoded(blocks: Iterable[bytes], encoding: str, path: Path, feed: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(_MARK_UNDECODABLE)
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeError as error:  # no byte, but the whole is wrong: UTF-16 or UTF-32 that does not say its order
        raise FeedTrouble(
            feed,
            f"file '{path.name}' is not {encoding} ({error})",
            "Correct 'encoding' in the contract: utf-16-le or utf-16-be where the file has no byte-order mark.",
            kind="contract",
        ) from None


def _without_mark(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Drop one byte-order mark, at the start only: later on the same character is text."""
    start: bytes | None = b""
    for block in blocks:
        if start is None:
            yield block
            continue
        start += block
        if len(start) >= len(codecs.BOM_UTF8):
            yield start.removeprefix(codecs.BOM_UTF8)
            start = None
    if start:
        yield start


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(CHUNK_BYTES):
            yield block


def _unpacked(path: Path, feed: str) -> Iterator[bytes]:
    """Unpack one or more gzip members; says at which byte a damaged file stops making sense."""
    unpacker = zlib.decompressobj(wbits=31)
    read = 0
    for block in _blocks(path):
        rest = block
        while rest:
            if unpacker.eof:
                unpacker = zlib.decompressobj(wbits=31)
            try:
                yield unpacker.decompress(rest)
            except zlib.error as error:
                position = read + len(block) - len(rest)
                raise _damaged(feed, path, f"is damaged near byte {position:,} ({error})", "broken") from None
            rest = unpacker.unused_data
        read += len(block)
    if not unpacker.eof:
        raise _damaged(feed, path, f"is cut off at byte {read:,}: the gzip stream does not end", "truncated")


def _damaged(feed: str, path: Path, fact: str, kind: str) -> FeedTrouble:
    return FeedTrouble(feed, f"file '{path.name}' {fact}", "Have the sender deliver the file again.", kind=kind)


@dataclass
class FrameClaims:
    """What header and trailer record of a file say."""

    sequence: int | None = None
    business_date: str | None = None
    rows: int | None = None
    totals: dict[str, Decimal] = field(default_factory=dict)
    other: dict[str, str] = field(default_factory=dict)

    def take(self, record: RecordLine, line: bytes, feed: str, file_name: str) -> None:
        """Read the fields of one record line. Raises FeedTrouble ('broken') when they are not as declared."""
        text = readable(line).rstrip("\r")
        parts = text.split(record.delimiter)
        after_marker = text.removeprefix(record.starts_with).removeprefix(record.delimiter).split(record.delimiter)
        values = parts if len(parts) == len(record.fields) else after_marker
        if len(values) != len(record.fields):
            fact = f"record '{text[:80]}' of file '{file_name}' has {len(parts)} parts, the contract names"
            raise FeedTrouble(
                feed,
                f"{fact} {len(record.fields)}",
                "Correct 'fields' in the contract, or have the sender restore the record.",
                kind="broken",
            )
        for name, value in zip(record.fields, values, strict=True):
            try:
                self._set(name, value.strip(), record.date_format)
            except (ValueError, InvalidOperation):
                raise FeedTrouble(
                    feed,
                    f"record '{text[:80]}' of file '{file_name}' says {name} '{value}', which cannot be read",
                    "Have the sender deliver the file again, or correct 'fields' in the contract.",
                    kind="broken",
                ) from None

    def _set(self, name: str, value: str, date_format: str) -> None:
        if name == "sequence":
            self.sequence = int(value)
        elif name == "business_date":
            self.business_date = datetime.strptime(value, date_format).date().isoformat()  # noqa: DTZ007 - a date
        elif name == "rows":
            self.rows = int(value)
        elif name.startswith("sum:"):
            total = Decimal(value)
            if not total.is_finite():
                raise ValueError(value)
            self.totals[name.removeprefix("sum:")] = total
        else:
            self.other[name] = value


class DataLines:
    """The data lines of a file: chunks of whole lines, each line ended by a newline.

    Header and trailer record are read into `claims` and left out; `first_line` is the number of the first data line.
    """

    def __init__(self, chunks: Iterable[bytes], source: FileSource, feed: str, file_name: str) -> None:
        self.claims = FrameClaims()
        self.first_line = 1
        self._chunks, self._source = chunks, source
        self._feed, self._file_name = feed, file_name

    def __iter__(self) -> Iterator[bytes]:
        """Raises FeedTrouble where a declared record is missing: 'broken' the header, 'truncated' the trailer."""
        chunks = self._whole_lines()
        first = next(chunks, b"")
        if self._source.header is not None:
            first = self._take_header(self._source.header, first)
        held = first
        for chunk in chunks:
            # The trailer may be any last line, so one chunk is always held back.
            if self._source.trailer is None or chunk.strip():
                yield from [held] if held else []
                held = chunk
            else:
                held += chunk
        if self._source.trailer is not None:
            held = self._take_trailer(self._source.trailer, held)
        if held:
            yield held

    def _whole_lines(self) -> Iterator[bytes]:
        """Chunks cut at line ends. A file that knows carriage returns only has its line ends translated."""
        rest: list[bytes] = []
        only_returns: bool | None = None
        for piece in self._chunks:
            if only_returns is None and piece:
                only_returns = b"\r" in piece and b"\n" not in piece
            chunk = piece.replace(b"\r", b"\n") if only_returns else piece
            end = chunk.rfind(b"\n") + 1
            if end == 0:
                rest.append(chunk)
                continue
            yield b"".join([*rest, chunk[:end]])
            rest = [chunk[end:]]
        last = b"".join(rest)
        if last:
            yield last + b"\n"

    def _take_header(self, record: RecordLine, first: bytes) -> bytes:
        line, _, rest = first.partition(b"\n")
        if not line.startswith(record.starts_with.encode()):
            raise self._lacks("header", record, line)
        self.claims.take(record, line, self._feed, self._file_name)
        self.first_line = 2
        return rest

    def _take_trailer(self, record: RecordLine, held: bytes) -> bytes:
        body = held.rstrip(b"\r\n")
        start = body.rfind(b"\n") + 1
        line = body[start:]
        if not line.startswith(record.starts_with.encode()):
            raise self._lacks("trailer", record, line)
        self.claims.take(record, line, self._feed, self._file_name)
        return held[:start]

    def _lacks(self, what: str, record: RecordLine, line: bytes) -> FeedTrouble:
        place = "starts with" if what == "header" else "ends with"
        cut = "" if what == "header" else ": it was probably cut off"
        return FeedTrouble(
            self._feed,
            f"file '{self._file_name}' has no {what} record (it {place} '{readable(line)[:40]}', "
            f"expected '{record.starts_with}…'){cut}",
            "Have the sender deliver the whole file again.",
            kind="broken" if what == "header" else "truncated",
        )


def first_line_of(chunks: Iterable[bytes]) -> bytes:
    """The first line of a text, without its end; read no further than that."""
    text = b""
    for chunk in chunks:
        text += chunk
        if b"\n" in text:
            break
    return text.partition(b"\n")[0]
