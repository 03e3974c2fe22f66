"""HTTP endpoints that answer JSON: one delivery a sync, page by page, each page kept as it came.

A source's answer is believed only as far as it can be checked: a page without its list of records, with a content
other than JSON, or that leads back to an earlier page ends the sync with nothing landed.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from connectors.contract import FeedContract
from connectors.cursors import source_value
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
from connectors.error_page import is_error_document, is_page
from connectors.http_semantics import shown_url
from connectors.json_file import check_presence, undeclared_names
from connectors.json_records import JsonRecords, value_at
from connectors.meter import Meter
from connectors.paging import Page, Pager, PagingLoop, Request
from connectors.rest_client import RestClient
from connectors.source_spec import RestSource
from connectors.told_moment import told_moment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def open_rest(
    contract: FeedContract,
    source: RestSource,
    base_url: str,
    environment: Mapping[str, str],
    *,
    sleep: Callable[[float], None],
    meter: Meter,
) -> SourceReader:
    """The reader of an endpoint; the first request is made when the first row is asked for.

    Raises:
        FeedTrouble: kind 'contract', when the base URL is not http or https.
    """
    client = RestClient(contract.feed, source, base_url, environment, sleep=sleep, meter=meter)
    return _RestReader(contract, source, client)


class _RestReader:
    def __init__(self, contract: FeedContract, source: RestSource, client: RestClient) -> None:
        self._contract, self._source, self._client = contract, source, client
        self._claimed: int | None = None

    def probe(self, *, before: datetime | None = None) -> Probe:
        """The endpoint, its clock, and what its `probe` declares; without one, what the last answer said.

        That an answer holds nothing more is no word on how far the source reaches: the answer may be what is at fault.
        """
        asked = self._source.probe
        if asked is None:
            return Probe(shown_url(self._client.url), clock=self._client.clock, row_count=self._claimed)
        params = {name: _text(value) for name, value in asked.params.items()}
        response = self._client.get(Request(self._client.address(asked.path), params))
        try:
            document = json.loads(response.content)
        except (ValueError, RecursionError):
            fact = f"{shown_url(self._client.address(asked.path))} answers no JSON"
            raise self._broken_probe(fact) from None
        count = value_at(document, asked.count) if asked.count is not None else None
        newest = value_at(document, asked.newest) if asked.newest is not None else None
        if asked.count is not None and not str(count).isdigit():
            raise self._broken_probe(f"{shown_url(self._client.address(asked.path))} has no number at {asked.count}")
        return Probe(
            shown_url(self._client.url),
            clock=self._client.clock,
            row_count=int(str(count)) if count is not None else None,
            newest=self._believed(str(newest), before) if newest not in (None, "") else None,
            heartbeat=self._moment(document, "heartbeat", asked.heartbeat),
            fed_until=self._moment(document, "fed_until", asked.fed_until),
        )

    def _believed(self, newest: str, before: datetime | None) -> str | None:
        """The newest change as the source wrote it; None when it lies in the future."""
        cursor = self._contract.cursor
        value = source_value(cursor, newest) if cursor is not None else None
        is_ahead = before is not None and isinstance(value, datetime) and value > before
        return None if is_ahead else newest

    def _moment(self, document: Any, name: str, path: str | None) -> datetime | None:
        value = value_at(document, path) if path is not None else None
        return told_moment(self._contract.feed, f"source.probe.{name}", value)

    def probe_credentials(self) -> Credentials:
        """HEAD on the endpoint; servers that know no HEAD, and answers in between, say nothing."""
        try:
            status = self._client.head()
        except FeedTrouble as trouble:
            return credentials_of(trouble)
        if status in (401, 403):
            return Credentials("denied", f"{shown_url(self._client.url)} answers {status}")
        if 200 <= status < 300:
            return Credentials("accepted", f"{shown_url(self._client.url)} lets us in")
        return Credentials("unknown", f"{shown_url(self._client.url)} answers {status} to HEAD")

    def _broken_probe(self, fact: str) -> FeedTrouble:
        return FeedTrouble(self._contract.feed, fact, "Correct 'source.probe' in the contract.", kind="contract")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def deliveries(
        self, window: Window, *, is_landed: Callable[[FileIdentity], bool], raw_folder: Callable[[], Path]
    ) -> Iterator[Delivery]:
        """One delivery: all pages. Rows outside the window may be among them. Raises FeedTrouble while it is read."""
        del is_landed
        extract = _Extract(self._contract, self._source, self._client, raw_folder())

        def receipt() -> Receipt:
            made = extract.receipt()
            self._claimed = made.claimed_rows
            return made

        reader = pa.RecordBatchReader.from_batches(extract.schema, extract.batches(window))
        yield Delivery(shown_url(self._client.url), reader, receipt)


class _Extract:
    """One pass over the pages of an endpoint."""

    def __init__(self, contract: FeedContract, source: RestSource, client: RestClient, folder: Path) -> None:
        self._contract, self._source, self._client, self._folder = contract, source, client, folder
        self._records = JsonRecords(contract.source_columns())
        self._parts: list[Part] = []
        self._claimed: int | None = None
        self.schema = self._records.schema
        self._former = self.schema.empty_table()

    def batches(self, window: Window) -> Iterator[pa.RecordBatch]:
        pager = Pager(self._source.paging, self._client.url, self._parameters(window))
        request: Request | None = pager.first()
        rows = 0
        try:
            while request is not None:
                response = self._client.get(request)
                table, document = self._read(response)
                rows += table.num_rows
                claimed = pager.total(document)
                self._claimed = claimed if claimed is not None else self._claimed
                yield from table.to_batches()
                link = response.links.get("next", {}).get("url")
                request = self._next(pager, Page(document, table.num_rows, rows, link))
            check_presence(self._contract, self._records, f"the records of {self._shown}")
        finally:
            self._records.close()

    def receipt(self) -> Receipt:
        return Receipt(
            parts=tuple(self._parts),
            claimed_rows=self._claimed,
            undeclared_columns=undeclared_names(self._contract, self._records),
        )

    @property
    def _shown(self) -> str:
        return shown_url(self._client.url)

    def _parameters(self, window: Window) -> dict[str, str]:
        params = {name: _text(value) for name, value in self._source.params.items()}
        incremental = self._source.incremental
        if incremental is None:
            return params
        lower = window.lower
        if lower is None and self._source.paging.kind == "cursor":
            lower = _EPOCH  # endpoints that page by cursor ask for a start
        if lower is not None:
            params[incremental.parameter] = _formatted(lower, incremental.format)
        return params

    def _next(self, pager: Pager, page: Page) -> Request | None:
        try:
            return pager.next(page)
        except PagingLoop as loop:
            fact = f"{self._shown} leads back to a page that was read ({loop}), at page {len(self._parts)}"
            raise self._broken(fact, "Report it to the owner of the source.", "pages") from None

    def _read(self, response: httpx.Response) -> tuple[pa.Table, object]:
        """Keep a page's bytes and read its records."""
        content, number = response.content, len(self._parts) + 1
        digest = hashlib.sha256(content).hexdigest()
        try:
            text = content.decode("utf-8-sig")
            document = json.loads(text)
        except (ValueError, RecursionError):
            start = self._client.clean(content[:80].decode("utf-8", "backslashreplace"))
            kind = response.headers.get("content-type", "none given")
            fact = f"page {number} of {self._shown} is not JSON (content type: {kind}); it starts '{start}'"
            step = "Open the address with the same credentials and see what answers."
            raise self._broken(fact, step, "error_page" if is_page(content) else "broken") from None
        try:
            table = self._records.read_page(text, self._source.records)
        except ValueError as error:
            fact = f"page {number} of {self._shown}: {error}"
            raise self._broken(fact, "Report it to the owner of the source.") from None
        if table is None:
            keys = ", ".join(document) if isinstance(document, dict) else type(document).__name__
            fact = f"page {number} of {self._shown} has no list of records at {self._source.records} (it has: {keys})"
            is_error = is_error_document(document, self._contract.source_columns())
            step = "Correct 'records' in the contract, or restore it at the source."
            raise self._broken(fact, step, "error_page" if is_error else "broken")
        # Their records: what else is in the answers, such as a time, may differ, and the pages would never end.
        if self._is_positional and table.num_rows and table.equals(self._former):
            fact = f"pages {number - 1} and {number} of {self._shown} are the same"
            step = "The source ignores the paging parameter: correct 'paging' in the contract."
            raise self._broken(fact, step, "pages")
        self._former = table
        name = f"page-{number:05}.json.gz"
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(gzip.compress(content, compresslevel=3, mtime=0))
        self._parts.append(Part(name, len(content), digest, table.num_rows))
        return table, document

    @property
    def _is_positional(self) -> bool:
        return self._source.paging.kind in ("offset", "page")

    def _broken(self, fact: str, next_step: str, kind: str = "broken") -> FeedTrouble:
        return FeedTrouble(self._contract.feed, fact, f"Nothing was landed. {next_step}", kind=kind)


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _formatted(lower: datetime | int, style: str) -> str:
    """The lower bound as the source wants it, never later than it is. Whole numbers are epoch seconds, or as given."""
    if isinstance(lower, int):
        if style in ("epoch", "epoch_ms"):
            return str(lower)
        lower = datetime.fromtimestamp(lower, UTC)
    moment = lower.astimezone(UTC)
    if style == "date":
        return moment.date().isoformat()
    if style == "iso":
        return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
    seconds = int((moment - _EPOCH).total_seconds() // 1)
    return str(seconds * 1000 if style == "epoch_ms" else seconds)
