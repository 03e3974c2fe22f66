"""Files of a folder beside the batches that were made from them: never landed, or changed though they look the same.

A file that is gone from the folder is no difference: files are moved away once they are delivered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol, runtime_checkable

from connectors.delivery import FileIdentity


@runtime_checkable
class FolderSource(Protocol):
    """A source of files that can digest them where they lie."""

    def listed(self) -> Iterator[tuple[FileIdentity, str]]:
        """Every file with the SHA-256 of its bytes, by name. Raises FeedTrouble."""
        ...


@dataclass(frozen=True)
class ComparedFile:
    """One file of the folder; `kind` is None when the batch made from it holds the same bytes."""

    name: str
    modified_at: datetime | None
    kind: Literal["missing", "outdated"] | None


def compared_files(
    source: FolderSource, landed: Mapping[FileIdentity, str | None], closed_end: datetime
) -> Iterator[ComparedFile]:
    """Each file that lay there before `closed_end`, when the folder was last read to the end.

    `landed` has the content digest of each landed file, as the ledger keeps it: the digest of its parts' digests.
    """
    for file, digest in source.listed():
        modified_at = _moment(file.modified_at)
        if modified_at is not None and modified_at >= closed_end:
            continue
        if file not in landed:
            yield ComparedFile(file.name, modified_at, "missing")
        else:
            is_same = landed[file] == hashlib.sha256(digest.encode()).hexdigest()
            yield ComparedFile(file.name, modified_at, None if is_same else "outdated")


def _moment(text: str) -> datetime | None:
    """A file's time; None where a store keeps a tag in its place."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
