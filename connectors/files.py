"""Files in a folder, on disk or behind any fsspec URL: found, copied untouched, then read by their format.

Every new file is one delivery, oldest first. The copy is made before anything is read, so what was landed can be read
again, and a file that is still being written is noticed.
"""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os import SEEK_END
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa

from connectors.attachments import AttachedFile, OpenFile
from connectors.contract import FeedContract
from connectors.csv_file import CsvFile
from connectors.delivery import (
    Credentials,
    Delivery,
    FeedTrouble,
    FileIdentity,
    Part,
    Probe,
    Receipt,
    SourceReader,
    Window,
    credentials_of,
)
from connectors.error_page import is_error_file
from connectors.http_semantics import shown_url
from connectors.json_file import JsonFile, JsonLinesFile
from connectors.meter import Meter
from connectors.parquet_file import ParquetFile
from connectors.source_spec import FileSource
from connectors.text_file import FrameClaims, first_line_of

COPY_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class _Found:
    """A file of the folder: where it lies and how it is recognised."""

    path: str
    identity: FileIdentity


def open_files(contract: FeedContract, source: FileSource, folder: str, *, meter: Meter) -> SourceReader:
    """The reader of a folder of files; `folder` is a path or an fsspec URL.

    Raises:
        FeedTrouble: kind 'contract', when no driver for the URL is installed.
    """
    return _FolderReader(contract, source, folder, meter)


class _FolderReader:
    def __init__(self, contract: FeedContract, source: FileSource, folder: str, meter: Meter) -> None:
        self._contract, self._source, self._meter = contract, source, meter
        self._shown = shown_url(folder) if "://" in folder else folder
        try:
            self._system, self._root = fsspec.core.url_to_fs(folder)
        except (ImportError, ValueError) as error:
            raise FeedTrouble(
                contract.feed,
                f"folder {self._shown} cannot be opened ({error})",
                f"Install the driver, or correct {source.connection}.",
                kind="contract",
            ) from None

    def probe(self, *, before: datetime | None = None) -> Probe:
        """The folder, its number of files, and name, time and sequence number of the last. It has no clock, no rows."""
        del before
        files = self._found()
        if not files:
            return Probe(identity=self._shown, file_count=0)
        last, header = files[-1], self._source.header
        return Probe(
            identity=self._shown,
            newest=last.identity.name,
            file_count=len(files),
            newest_at=last.identity.modified_at,
            sequence=self._sequence(last) or None if header is not None and "sequence" in header.fields else None,
        )

    def probe_credentials(self) -> Credentials:
        """Lists the folder: nothing is read."""
        try:
            self._found()
        except FeedTrouble as trouble:
            return credentials_of(trouble)
        return Credentials("accepted", f"folder {self._shown} can be listed")

    def listed(self) -> Iterator[tuple[FileIdentity, str]]:
        """Every file of the folder with the SHA-256 of its bytes, by name. Raises FeedTrouble."""
        for found in self._found():
            with self._system.open(found.path, "rb") as file:
                yield found.identity, hashlib.file_digest(file, "sha256").hexdigest()

    def close(self) -> None:
        """Nothing stays open."""

    def deliveries(
        self, window: Window, *, is_landed: Callable[[FileIdentity], bool], raw_folder: Callable[[], Path]
    ) -> Iterator[Delivery]:
        """One delivery per file that is not landed, by the sequence in its header record, then by name.

        A window means nothing to files: each is read whole. A file that cannot be read does not keep back the others;
        after them FeedTrouble is raised for the first such file.
        """
        del window
        new = [found for found in self._found() if not is_landed(found.identity)]
        troubles: list[FeedTrouble] = []
        for found in self._in_sequence(new):
            folder = raw_folder()
            try:
                copy, part = self._copied(found, folder)
                delivery = self._delivery(found, copy, part)
            except FeedTrouble as trouble:
                troubles.append(trouble)
                shutil.rmtree(folder, ignore_errors=True)  # the next file goes there
            else:
                yield delivery
        if troubles:
            raise troubles[0]

    def _found(self) -> list[_Found]:
        """Files that match the pattern, by name."""
        folder, _, pattern = self._source.pattern.rpartition("/")
        root = "/".join(part for part in (self._root.rstrip("/"), folder) if part) or "/"
        try:
            self._system.invalidate_cache()
            entries = self._system.ls(root, detail=True)
        except FileNotFoundError:
            raise self._trouble(f"folder {self._shown} is not there", "unreachable", is_retryable=True) from None
        except NotADirectoryError:
            raise self._no_folder() from None
        except PermissionError:
            raise self._trouble(f"no permission to list folder {self._shown}", "denied") from None
        except OSError as error:
            fact = f"folder {self._shown} cannot be listed ({error.strerror or type(error).__name__})"
            raise self._trouble(fact, "unreachable", is_retryable=True) from None
        if any(entry["name"] == root and entry["type"] == "file" for entry in entries):  # a file lists itself
            raise self._no_folder()
        found = [
            _Found(entry["name"], self._identity(entry, f"{folder}/" if folder else ""))
            for entry in entries
            if entry["type"] == "file" and fnmatch.fnmatchcase(entry["name"].rsplit("/", 1)[-1], pattern)
        ]
        return sorted(found, key=lambda file: file.identity.name)

    def _no_folder(self) -> FeedTrouble:
        return self._trouble(f"{self._shown} is not a folder", "contract")

    def _identity(self, entry: dict[str, Any], folder: str) -> FileIdentity:
        name = folder + entry["name"].rsplit("/", 1)[-1]
        return FileIdentity(name, int(entry["size"] or 0), _modified_at(entry))

    def _in_sequence(self, files: list[_Found]) -> list[_Found]:
        header = self._source.header
        if header is None or "sequence" not in header.fields:
            return files
        return sorted(files, key=lambda found: (self._sequence(found), found.identity.name))

    def _sequence(self, found: _Found) -> int:
        """The sequence number in a file's header record; 0, so that it fails first, for a file without one."""
        assert self._source.header is not None  # noqa: S101 - the caller looked
        with self._system.open(found.path, "rb", compression="infer") as file:
            try:
                start = file.read(64 * 1024)
                self._meter.asked(len(start))
                line = first_line_of([start])
            except (EOFError, OSError):
                return 0
        claims = FrameClaims()
        try:
            claims.take(self._source.header, line, self._contract.feed, found.identity.name)
        except FeedTrouble:
            return 0
        return claims.sequence or 0

    def _copied(self, found: _Found, folder: Path) -> tuple[Path, Part]:
        """Copy the file untouched; its size and time must be the same before and after."""
        name = found.identity.name.rsplit("/", 1)[-1]
        if found.identity.byte_count == 0:
            raise self._unusable(name, "is empty (0 bytes)", "truncated")
        copy, digest, size = folder / name, hashlib.sha256(), 0
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with self._system.open(found.path, "rb") as source, copy.open("wb") as target:
                while block := source.read(COPY_BYTES):
                    digest.update(block)
                    size += len(block)
                    target.write(block)
            self._meter.asked(size)
            self._system.invalidate_cache()
            after = FileIdentity(found.identity.name, size, _modified_at(self._system.info(found.path)))
        except PermissionError:
            raise self._trouble(f"no permission to read file '{name}' in {self._shown}", "denied") from None
        except FileNotFoundError:
            fact = f"file '{name}' went away while it was read"
            raise self._trouble(fact, "missing", is_retryable=True) from None
        if after != found.identity:
            raise FeedTrouble(
                self._contract.feed,
                f"file '{name}' is still being written (it had {found.identity.byte_count:,} bytes, then {size:,})",
                "Nothing of it was landed; the next sync tries again. Have the sender write aside and rename.",
                kind="unfinished",
                is_retryable=True,
            )
        if is_error_file(copy, self._contract.delivered().source_columns()):
            raise self._unusable(name, "is an error page, no data", "error_page")
        return copy, Part(name, size, digest.hexdigest())

    def _delivery(self, found: _Found, copy: Path, part: Part) -> Delivery:
        opened = self._opened(copy, found.identity.name)
        if self._source.attachments is not None:
            attached = self._source.attachments
            opened = AttachedFile(opened, attached, self._system, found.path, self._contract.feed, self._meter)
        rows = 0

        def counted() -> Iterator[pa.RecordBatch]:
            nonlocal rows
            for batch in opened.batches():
                rows += batch.num_rows
                yield batch

        def receipt() -> Receipt:
            return replace(
                opened.receipt(),
                parts=(replace(part, row_count=rows),),
                source_file=found.identity,
                ends_mid_line=self._ends_mid_line(copy),
            )

        reader = pa.RecordBatchReader.from_batches(opened.schema, counted())
        return Delivery(found.identity.name, reader, receipt)

    def _ends_mid_line(self, copy: Path) -> bool | None:
        if self._source.format not in ("csv", "tsv", "jsonl") or copy.suffix == ".gz":
            return None
        with copy.open("rb") as file:
            file.seek(-1, SEEK_END)
            return file.read(1) not in (b"\n", b"\r", b"\x00")  # a zero byte ends a line of UTF-16

    def _opened(self, copy: Path, name: str) -> OpenFile:
        contract, source = self._contract.delivered(), self._source
        if source.format == "parquet":
            return ParquetFile(copy, name, contract)
        if source.format == "jsonl":
            return JsonLinesFile(copy, name, contract, source)
        if source.format == "json":
            return JsonFile(copy, name, contract, source)
        return CsvFile(copy, name, contract, source)

    def _unusable(self, name: str, fact: str, kind: str) -> FeedTrouble:
        next_step = f"Have the sender deliver the file again, or correct {self._source.connection}."
        return FeedTrouble(self._contract.feed, f"file '{name}' {fact}", next_step, kind=kind)

    def _trouble(self, fact: str, kind: str, *, is_retryable: bool = False) -> FeedTrouble:
        next_step = f"Check {self._source.connection}, and that the folder is mounted and readable."
        return FeedTrouble(self._contract.feed, fact, next_step, kind=kind, is_retryable=is_retryable)


def _modified_at(entry: dict[str, Any]) -> str:
    """When an entry changed, as ISO text in UTC; the content's tag where a store keeps no times."""
    moment = next((entry[key] for key in ("mtime", "LastModified", "last_modified", "created") if entry.get(key)), None)
    if isinstance(moment, int | float):
        return datetime.fromtimestamp(moment, UTC).isoformat()
    if isinstance(moment, datetime):
        return moment.isoformat()
    return str(moment or entry.get("ETag") or "")
