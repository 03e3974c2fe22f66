"""One HTTP client for one REST source: credentials, retries, redirects, and errors in words without secrets."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

import httpx

from connectors.delivery import FeedTrouble
from connectors.http_semantics import asked_to_wait, moment_of, shown_url, trusted_authorities
from connectors.meter import Meter
from connectors.paging import Request
from connectors.retry import PleaseWait, with_retries
from connectors.secrecy import without_secrets
from connectors.source_spec import RestSource

MOST_REDIRECTS = 5
_NEXT_SYNC = "Nothing was landed; the next sync tries again."


class RestClient:
    """Asks one endpoint with one set of credentials. `clock` is the server's time in the last answer."""

    def __init__(
        self,
        feed: str,
        source: RestSource,
        base_url: str,
        environment: Mapping[str, str],
        *,
        sleep: Callable[[float], None],
        meter: Meter,
    ) -> None:
        self._feed, self._source, self._sleep, self._meter = feed, source, sleep, meter
        self._base_url = base_url.rstrip("/")
        self.url = self.address(source.path)
        self.clock: datetime | None = None
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            next_step = f"Write the base URL, such as https://example.com, into {source.connection}."
            raise FeedTrouble(feed, f"{source.connection} holds no http or https URL", next_step, kind="contract")
        self._headers = {"Accept": "application/json", **source.headers}
        self._params: dict[str, str] = {}
        self._secrets = _secrets(source, environment, parts.password)
        self._authorise(environment)
        self._client = httpx.Client(
            timeout=source.timeout.total_seconds(),
            follow_redirects=False,
            trust_env=False,
            verify=trusted_authorities(),
        )

    def get(self, request: Request) -> httpx.Response:
        """The answer to one request, a 200 that is JSON or not. Raises FeedTrouble, after retries where they help."""
        self._stay_home(request.url, "next page")
        return with_retries(lambda: self._get(request), feed=self._feed, sleep=self._sleep)

    def address(self, path: str) -> str:
        """The URL of a path of this source."""
        return f"{self._base_url}/{path.lstrip('/')}"

    def head(self) -> int:
        """The status with which the endpoint answers when nothing but its head is asked for. Raises FeedTrouble."""
        return self._send(self.url, self._params, method="HEAD").status_code

    def clean(self, text: str) -> str:
        """The text without any secret of this source."""
        return without_secrets(text, self._secrets)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _authorise(self, environment: Mapping[str, str]) -> None:
        auth = self._source.auth
        token = environment.get(auth.token or "", "").strip()
        if auth.kind == "bearer":
            self._headers["Authorization"] = f"Bearer {token}"
        elif auth.kind == "basic":
            pair = f"{environment.get(auth.user or '', '').strip()}:{token}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif auth.kind == "header":
            self._headers[auth.name or ""] = token
        elif auth.kind == "query":
            self._params[auth.name or ""] = token

    def _get(self, request: Request) -> httpx.Response:
        url, params = request.url, {**request.params, **self._params}
        for _ in range(MOST_REDIRECTS):
            response = self._send(url, params)
            if not response.has_redirect_location:
                return self._judged(response)
            url, params = str(response.url.join(response.headers["location"])), {}
            self._stay_home(url, "redirect")
        fact = f"{shown_url(self.url)} redirects more than {MOST_REDIRECTS} times"
        raise FeedTrouble(self._feed, fact, f"Correct {self._source.connection}.", kind="broken")

    def _send(self, url: str, params: dict[str, str], *, method: str = "GET") -> httpx.Response:
        came = 0
        try:
            asked = httpx.URL(url)
            whole = asked.copy_merge_params(params) if params else asked
            response = self._client.request(method, whole, headers=self._headers)
            came = response.num_bytes_downloaded
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            fact = f"{shown_url(url)} is no address ({error})"
            raise FeedTrouble(self._feed, fact, f"Correct {self._source.connection}.", kind="contract") from None
        except httpx.TimeoutException:
            seconds = f"{self._source.timeout.total_seconds():g} s"
            raise self._unreachable(f"{shown_url(url)} did not answer within {seconds}") from None
        except httpx.HTTPError as error:
            reason = self.clean(str(error)) or type(error).__name__
            raise self._unreachable(f"{shown_url(url)} cannot be reached ({reason})") from None
        finally:
            self._meter.asked(came)
        self.clock = moment_of(response.headers.get("date")) or self.clock
        return response

    def _judged(self, response: httpx.Response) -> httpx.Response:
        status, shown = response.status_code, shown_url(str(response.url))
        if response.is_success:
            return response
        if status in (408, 425, 429) or status >= 500:
            fact, kind = f"{shown} answers {status}", "limited" if status == 429 else "unreachable"
            seconds = asked_to_wait(response)
            if seconds is not None:
                fact += f" and asks to wait {seconds:.0f} s"
                raise PleaseWait(self._feed, fact, _NEXT_SYNC, seconds=seconds, kind=kind)
            raise FeedTrouble(self._feed, fact, _NEXT_SYNC, kind=kind, is_retryable=True)
        kind, next_step = {
            401: ("denied", f"Check {self._credentials}: the source does not accept it."),
            403: ("denied", f"Ask the source's owner to grant {self._credentials} access to this endpoint."),
            404: ("missing", f"Check 'path' in the contract and {self._source.connection}."),
            410: ("missing", "The endpoint was withdrawn: find its successor and correct 'path' in the contract."),
        }.get(status, ("broken", "Check 'params' and 'incremental' in the contract against the source's manual."))
        start = self.clean(response.text)[:80].strip()
        fact = f"{shown} answers {status}" + (f": '{start}'" if start else "")
        raise FeedTrouble(self._feed, fact, next_step, kind=kind)

    @property
    def _credentials(self) -> str:
        return self._source.auth.token or self._source.connection

    def _stay_home(self, url: str, what: str) -> None:
        """Credentials go to the source's own host and scheme only."""
        home, there = urlsplit(self.url), urlsplit(url)
        if (there.scheme, there.hostname, _port(there)) == (home.scheme, home.hostname, _port(home)):
            return
        if (home.scheme, there.scheme) == ("http", "https") and there.hostname == home.hostname:
            return
        raise FeedTrouble(
            self._feed,
            f"the {what} of {shown_url(self.url)} lies on another host, {shown_url(url)}",
            f"Credentials were not sent there. If the source has moved, correct {self._source.connection}.",
            kind="broken",
        )

    def _unreachable(self, fact: str) -> FeedTrouble:
        return FeedTrouble(self._feed, fact, _NEXT_SYNC, kind="unreachable", is_retryable=True)


def _secrets(source: RestSource, environment: Mapping[str, str], password: str | None) -> list[str]:
    values = [environment.get(name, "").strip() for name in (source.auth.token, source.auth.user) if name]
    values.append(password or "")
    if len(values) > 2:
        values.append(base64.b64encode(f"{values[1]}:{values[0]}".encode()).decode())
    return [form for value in values if value for form in (value, quote(value, safe=""))]


def _port(parts: object) -> int | None:
    port = getattr(parts, "port", None)
    return port or {"http": 80, "https": 443}.get(getattr(parts, "scheme", ""))
