"""How the next page of a REST source is found, and when there is none.

Short pages end nothing: a server may send fewer rows than asked for. Offset and page paging go on until an empty page
or until the claimed total is reached. A page that sends us back where we were is an error, not an end.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin

from connectors.json_records import value_at
from connectors.source_spec import Paging

Parameters = dict[str, str]


@dataclass(frozen=True)
class Request:
    """One request: an absolute URL, and parameters to add to it."""

    url: str
    params: Parameters


@dataclass(frozen=True)
class Page:
    """What of an answer decides about the next page."""

    document: object
    row_count: int
    rows_so_far: int
    link_header: str | None


class PagingLoop(Exception):
    """The source's next page is one that was read before; the text says which."""


class Pager:
    """Yields the request of each page in turn."""

    def __init__(self, paging: Paging, url: str, params: Parameters) -> None:
        self._paging, self._url, self._params = paging, url, params
        self._number = paging.first_page
        self._seen: set[str] = set()

    def first(self) -> Request:
        """The request of the first page."""
        return Request(self._url, self._with_position(0))

    def next(self, page: Page) -> Request | None:
        """The request of the page after `page`; None after the last.

        Raises:
            PagingLoop: the source points to a page that was read before.
        """
        if self._paging.kind in ("next_link", "link_header"):
            return self._by_link(page)
        if self._paging.kind == "cursor":
            return self._by_token(page)
        if self._paging.kind in ("offset", "page"):
            return self._by_position(page)
        return None

    def total(self, document: object) -> int | None:
        """The number of rows that the source claims to have, if the page says so."""
        value = value_at(document, self._paging.total) if self._paging.total is not None else None
        return int(str(value)) if value is not None and str(value).isdigit() else None

    def is_end(self, document: object) -> bool:
        """True when the page says by its end flag that it is the last one."""
        return self._paging.end is not None and value_at(document, self._paging.end) is True

    def _by_link(self, page: Page) -> Request | None:
        link = page.link_header
        if self._paging.link is not None:
            link = str(value_at(page.document, self._paging.link) or "") or None
        if self.is_end(page.document) or link is None:
            return None
        url = urljoin(self._url, link)
        self._once(url, "next link")
        return Request(url, {})

    def _by_token(self, page: Page) -> Request | None:
        token = value_at(page.document, self._paging.token or "$")
        if self.is_end(page.document) or token in (None, ""):
            return None
        self._once(str(token), "cursor")
        return Request(self._url, self._params | {self._paging.parameter or "": str(token)})

    def _by_position(self, page: Page) -> Request | None:
        total = self.total(page.document)
        if self.is_end(page.document) or page.row_count == 0 or (total is not None and page.rows_so_far >= total):
            return None
        self._number += 1
        return Request(self._url, self._with_position(page.rows_so_far))

    def _with_position(self, rows: int) -> Parameters:
        paging, added = self._paging, {}
        if paging.size is not None and paging.size_parameter is not None:
            added[paging.size_parameter] = str(paging.size)
        if paging.kind == "offset":
            added[paging.parameter or ""] = str(rows)
        if paging.kind == "page":
            added[paging.parameter or ""] = str(self._number)
        return self._params | added

    def _once(self, position: str, what: str) -> None:
        if position in self._seen:
            raise PagingLoop(f"the same {what} came twice")
        self._seen.add(position)
