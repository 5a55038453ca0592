"""Bounded GETs of JSON over one pool of connections: the only place where price requests are retried."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from ..http_body import ACCEPT_ENCODING, BodyBroken, BodyTooLarge, read_body
from ..peer_check import peer_checks
from ..spans import span
from ..tls import Tls
from .reading import parse_json
from .source import SourceFailed

if TYPE_CHECKING:  # types only: importing httpx takes longer than all of the core
    import httpx

_ATTEMPTS = 3
_ATTEMPT_SECONDS = 8.0
_CONNECT_SECONDS = 3.0
_MOST_BYTES = 8 * 1024 * 1024
_CONNECTIONS = 40
# A longer wait than this is the breaker's business: nobody would still be there for the answer.
_LONGEST_WAIT = 2.0
_FIRST_WAIT = 0.25
_HEADERS = {
    "User-Agent": "chainfolio",
    "Accept": "application/json",
    "Accept-Encoding": ACCEPT_ENCODING,
}
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})

REFUSED_SECONDS = 3600.0
"""How long a source rests that does not accept the key: an operator has to do something first."""
LIMITED_SECONDS = 60.0
"""How long a source rests that asks for patience without saying how much: the usual window is a minute."""


class Reply(NamedTuple):
    """An answer of whatever status; `body` is None where an error page is not JSON.

    `at` is the server's own Date where it sends one, else the time of receipt.
    """

    status: int
    body: object
    at: datetime
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long, how often and how much; the tests have less of it."""

    attempts: int = _ATTEMPTS
    attempt_seconds: float = _ATTEMPT_SECONDS
    first_wait: float = _FIRST_WAIT
    most_bytes: int = _MOST_BYTES


class JsonHttp:
    """GETs for all sources. Its errors never name a URL: base URLs and headers may hold keys."""

    def __init__(
        self,
        patience: Patience = Patience(),
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        tls: Tls | None = None,
        public_only: bool = False,
    ) -> None:
        """`tls` is what connections verify hosts with; with `public_only` none leads to a private network."""
        self._patience = patience
        self._sleep = sleep
        self._now = now
        self._tls = tls or Tls()
        self._public_only = public_only
        self._client: httpx.AsyncClient | None = None

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The last attempt's answer. Raises SourceFailed when there is none, or none that is JSON."""
        request = self._open().build_request("GET", url, params=params, headers=headers)
        for attempt in range(self._patience.attempts):
            last = attempt == self._patience.attempts - 1
            try:
                with span("price request", "client", server=request.url.host):
                    reply = await self._attempt(request)
            except _NoAnswer as error:
                if last or not error.retried:
                    raise SourceFailed(str(error)) from error
                await self._sleep(self._backoff(attempt))
                continue
            wait = self._backoff(attempt) if reply.retry_after is None else reply.retry_after
            # Without a Retry-After, a second 429 within a second is what one would get.
            hopeless = wait > _LONGEST_WAIT or (reply.status == 429 and reply.retry_after is None)
            if last or hopeless or reply.status not in _RETRIED:
                return reply
            await self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    async def close(self) -> None:
        """Close the connections; a later request would open new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _open(self) -> httpx.AsyncClient:
        self._tls.begin()
        import httpx

        if self._client is None:
            limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
            timeout = httpx.Timeout(self._patience.attempt_seconds, connect=_CONNECT_SECONDS)
            # httpx writes each request's whole URL, which may hold a key, at INFO.
            logging.getLogger("httpx").addFilter(_is_warning)
            self._client = httpx.AsyncClient(
                verify=self._tls.context(),
                limits=limits,
                timeout=timeout,
                headers=_HEADERS,
                event_hooks=peer_checks(public_only=self._public_only),
                mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
            )
        return self._client

    async def _attempt(self, request: httpx.Request) -> Reply:
        import httpx

        try:
            # httpx bounds each read; a server that drips is bounded only by the whole.
            async with asyncio.timeout(self._patience.attempt_seconds):
                response = await self._open().send(request, stream=True)
                try:
                    body = await self._read(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException):
            raise _NoAnswer(f"no answer within {self._patience.attempt_seconds:g} s", retried=False) from None
        except httpx.HTTPError as error:
            raise _NoAnswer(f"the connection failed ({type(error).__name__})") from None
        return self._reply(response, body)

    async def _read(self, response: httpx.Response) -> bytes:
        try:
            return await read_body(response.headers, response.aiter_raw(), self._patience.most_bytes)
        except BodyTooLarge:
            raise _NoAnswer("the answer is too large", retried=False) from None
        except BodyBroken:
            raise _NoAnswer("the answer is not packed as was asked for") from None

    def _reply(self, response: httpx.Response, body: bytes) -> Reply:
        now = self._now()
        retry_after = _seconds(response.headers.get("Retry-After"), now)
        try:
            value = parse_json(body)
        except ValueError:
            if response.status_code == 200:
                raise _NoAnswer("the answer is not JSON") from None
            value = None
        at = _http_date(response.headers.get("Date")) or now
        return Reply(response.status_code, value, min(at, now), retry_after)

    def _backoff(self, attempt: int) -> float:
        return self._patience.first_wait * (1 << attempt) * random.uniform(0.5, 1.5)  # noqa: S311 (jitter)


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


class _NoAnswer(Exception):
    """One attempt brought nothing; `retried` says whether another may."""

    def __init__(self, message: str, *, retried: bool = True) -> None:
        super().__init__(message)
        self.retried = retried


def body_of(reply: Reply) -> object:
    """The body of a good answer; else raises SourceFailed, which says how long to leave the source alone."""
    if reply.status == 200:
        return reply.body
    rest = None
    if reply.status in (401, 402, 403):
        rest = REFUSED_SECONDS
    elif reply.status == 429:
        rest = LIMITED_SECONDS if reply.retry_after is None else reply.retry_after
    raise SourceFailed(f"it answered HTTP {reply.status}", rest=rest)


def _seconds(header: str | None, now: datetime) -> float | None:
    """The seconds to wait that Retry-After states, as a number or as a date."""
    if header is None:
        return None
    if header.isascii() and header.isdigit():
        return float(header[:9])
    date = _http_date(header)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _http_date(header: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(header or "")
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
