"""Files that the lines of a delivered file name, such as scans of letters: each is there and whole, or it is not.

They are looked at where they lie and never copied. Belongs here: the check of one delivery. Does not belong here: what
becomes of a line whose file is not whole, which a rule of its entity decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Protocol

import fsspec
import pyarrow as pa
from fsspec.implementations.local import LocalFileSystem

from connectors.delivery import REJECT_SCHEMA, FeedTrouble, Receipt
from connectors.meter import Meter
from connectors.source_spec import ATTACHMENT_STATE, Attachments

# What was found: the file as the line says it, or the first fact that speaks against it.
WHOLE, UNNAMED, OUTSIDE, MISSING = "whole", "unnamed", "outside", "missing"
SIZE_DIFFERS, CONTENT_DIFFERS = "size_differs", "content_differs"


class OpenFile(Protocol):
    """A delivered file, opened: rows of its columns, and afterwards what is known of it."""

    schema: pa.Schema

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, in the order of the file."""
        ...

    def receipt(self) -> Receipt:
        """What is known once all rows were read."""
        ...


class AttachedFile:
    """A delivered file whose lines name files in the folder beside it, which has its name without the ending.

    Adds the source column `ATTACHMENT_STATE` to the rows, and to the rejected lines one for each file of that folder
    that no line names; these have negative line numbers.
    """

    def __init__(
        self,
        opened: OpenFile,
        named: Attachments,
        system: fsspec.AbstractFileSystem,
        path: str,
        feed: str,
        meter: Meter,
    ) -> None:
        self._opened, self._named, self._system, self._feed = opened, named, system, feed
        self._meter = meter
        self._beside, _, name = path.rpartition("/")
        self._folder = PurePosixPath(name.removesuffix(".gz")).stem
        self._seen: set[str] = set()
        self.schema = opened.schema.append(pa.field(ATTACHMENT_STATE, pa.string()))

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows with what was found of the file that each names.

        Raises FeedTrouble: 'unfinished' while the folder of files is not there, 'unreachable' or 'denied' when a file
        cannot be read.
        """
        for batch in self._opened.batches():
            if batch.num_rows and not self._system.isdir(f"{self._beside}/{self._folder}"):
                raise self._trouble(
                    f"folder '{self._folder}' with the files that '{self._folder}.*' names is not there", "unfinished"
                )
            told = [
                batch[column].to_pylist() if column else [None] * batch.num_rows
                for column in (self._named.name, self._named.byte_count, self._named.sha256)
            ]
            states = [self._state(*facts) for facts in zip(*told, strict=True)]
            yield pa.RecordBatch.from_arrays([*batch.columns, pa.array(states, pa.string())], schema=self.schema)

    def receipt(self) -> Receipt:
        """What is known of the delivered file, and the files that no line of it names."""
        receipt, names = self._opened.receipt(), self._unnamed()
        lines = pa.table(
            [[-number for number in range(1, len(names) + 1)], names, ["no line names this file"] * len(names)],
            schema=REJECT_SCHEMA,
        )
        return replace(receipt, rejects=pa.concat_tables([receipt.rejects, lines]))

    def _state(self, name: str | None, byte_count: str | None, sha256: str | None) -> str:
        if name is None:
            return UNNAMED
        path = f"{self._beside}/{name}"
        if not self._is_inside(name, path):
            return OUTSIDE
        self._seen.add(name)
        try:
            found = self._system.info(path)
            if found["type"] != "file":
                return MISSING
            if byte_count is not None and str(found["size"]) != byte_count.strip():
                return SIZE_DIFFERS
            if sha256 is not None and self._digest(path, found["size"]) != sha256.strip().lower():
                return CONTENT_DIFFERS
        except FileNotFoundError:
            return MISSING
        except PermissionError:
            raise self._trouble(f"no permission to read file '{name}'", "denied") from None
        except OSError as error:
            fact = f"file '{name}' cannot be read ({error.strerror or type(error).__name__})"
            raise self._trouble(fact, "unreachable") from None
        return WHOLE

    def _is_inside(self, name: str, path: str) -> bool:
        """Whether the name leads into the folder, and nowhere else by '..', a link or another system's separators."""
        parts = PurePosixPath(name).parts
        if len(parts) < 2 or parts[0] != self._folder or ".." in parts or "\\" in name or "\0" in name:
            return False
        if not isinstance(self._system, LocalFileSystem):
            return True
        return Path(path).resolve().is_relative_to(Path(self._beside).resolve() / self._folder)

    def _digest(self, path: str, byte_count: int) -> str:
        self._meter.asked(byte_count)
        with self._system.open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _unnamed(self) -> list[str]:
        """Files of the folder that no line names, by name; those whose name begins with a dot are the sender's."""
        try:
            entries = self._system.ls(f"{self._beside}/{self._folder}", detail=True)
        except FileNotFoundError:
            return []
        names = [entry["name"].rsplit("/", 1)[-1] for entry in entries if entry["type"] == "file"]
        there = {f"{self._folder}/{name}" for name in names if not name.startswith(".")}
        return sorted(there - self._seen)

    def _trouble(self, fact: str, kind: str) -> FeedTrouble:
        return FeedTrouble(
            self._feed,
            fact,
            "Nothing of it was landed; the next sync tries again. Have the sender write the files before the list.",
            kind=kind,
            is_retryable=True,
        )
