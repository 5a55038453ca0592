"""One URL that speaks JSON-RPC over HTTP: asks once, checks the answer, and never shows the URL."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from ..errors import ConfigError, RpcBadResponse, RpcError, RpcTimeout, RpcUnavailable
from ..spans import span
from .http import HttpReply, read_reply
from .jsonrpc import Json, format_body, make_call, number_of, parse_body, replies_by_number
from .rpc_errors import Refusal, error_for, parse_refusal

if TYPE_CHECKING:  # types only: importing httpx takes longer than all of the core
    import httpx

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Content-Type": "application/json",
    "User-Agent": "chainfolio",
}
_CONNECT_SECONDS = 5.0
_KEY_LENGTH = 20
"""A host's first label of this length may be a key: some providers put it there, instead of in the path."""


class Endpoint:
    """One URL. `label` is its host, less what looks like a key, and port: all of it that may be shown."""

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        *,
        concurrency: int = 16,
        max_response_bytes: int = 10 * 2**20,
        on_request: Callable[[], None] | None = None,
    ) -> None:
        """`on_request` hears of every request sent. Raises ConfigError when this is no http or https URL."""
        self.label = label_of(url)
        self._url: str | httpx.URL = url
        self._http = http
        self._places = asyncio.Semaphore(concurrency)
        self._max_response_bytes = max_response_bytes
        self._on_request = on_request
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return f"Endpoint({self.label})"

    async def request(self, method: str, params: list[Json], *, within: float) -> Json:
        """The result of one call, asked for once. Raises RpcError."""
        number = next(self._numbers)
        with span(f"rpc {method}", "client", server=self.label):
            return self._result(await self._post(make_call(number, method, params), within), number)

    async def batch(self, calls: Sequence[tuple[str, list[Json]]], *, within: float) -> list[Json | RpcError]:
        """The results of the calls in their order, asked for in one request; a call may have its own error.

        Raises RpcError when the batch was refused as a whole.
        """
        if not calls:
            return []
        numbers = [next(self._numbers) for _ in calls]
        messages: Json = [make_call(n, *call) for n, call in zip(numbers, calls, strict=True)]
        with span("rpc batch", "client", server=self.label, calls=len(calls)):
            replies = await self._post(messages, within)
        if not isinstance(replies, list):
            self._refuse(replies)
        found = replies_by_number(replies)
        if found.keys().isdisjoint(numbers):
            self._refuse(replies[0] if replies else None)
        return [self._result_or_error(found.get(number), number) for number in numbers]

    def _result_or_error(self, reply: Json, number: int) -> Json | RpcError:
        try:
            return self._result(reply, number)
        except RpcError as error:
            return error

    def _result(self, reply: Json, number: int) -> Json:
        """The result in the reply to this call."""
        if not isinstance(reply, dict) or reply.get("error") is not None:
            self._refuse(reply, number)
        if number_of(reply) != number:
            raise RpcBadResponse(f"{self.label}: an answer to another call")
        if "result" not in reply:
            raise RpcBadResponse(f"{self.label}: an answer with neither result nor error")
        return reply["result"]

    def _refuse(self, reply: Json, number: int | None = None) -> NoReturn:
        """Raise the reply's error; it counts without a number too, for it may precede reading the call."""
        refusal = parse_refusal(200, reply)
        both = isinstance(reply, dict) and reply.get("result") is not None
        if refusal is None or both or number_of(reply) not in (None, number):
            raise RpcBadResponse(f"{self.label}: not an answer to the call")
        raise error_for(self.label, refusal)

    async def _post(self, message: Json, within: float) -> Json:
        reply = await self._exchange(format_body(message), within)
        body = parse_body(reply.body)
        if not 200 <= reply.status < 300:
            refusal = parse_refusal(reply.status, body) or Refusal(reply.status)
            raise error_for(self.label, refusal, reply.retry_after)
        return body

    async def _exchange(self, body: bytes, within: float) -> HttpReply:
        """One POST. Foreign exceptions may hold the URL, so ours is raised outside of their `except`."""
        import httpx

        failure: RpcError
        try:
            async with asyncio.timeout(within), self._places:
                return await self._send(body, within)
        except (TimeoutError, httpx.TimeoutException):
            failure = RpcTimeout(f"{self.label}: no answer within {within:.3g} s")
        except httpx.ConnectError:
            failure = RpcUnavailable(f"{self.label}: no connection")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):  # the last: a host that is no name
            failure = RpcUnavailable(f"{self.label}: the connection broke")
        raise failure

    async def _send(self, body: bytes, within: float) -> HttpReply:
        import httpx

        if isinstance(self._url, str):
            self._url = httpx.URL(self._url)
        timeout = {"connect": min(within, _CONNECT_SECONDS), "read": within, "write": within, "pool": within}
        request = httpx.Request(
            "POST", self._url, headers=_HEADERS, content=body, extensions={"timeout": timeout}
        )
        if self._on_request is not None:
            self._on_request()
        response = await self._http.send(request, stream=True)
        try:
            return await read_reply(response, self.label, self._max_response_bytes)
        finally:
            await response.aclose()


def label_of(url: str) -> str:
    """The host, and the port where the URL names one. Raises ConfigError, which does not show the URL.

    A first label of the host that looks like a key is left out.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https"):
        raise ConfigError("an RPC endpoint must be an http or https URL")
    host = f"[{host}]" if ":" in host else _without_key(host)
    return host if port is None else f"{host}:{port}"


def _without_key(host: str) -> str:
    """Hexadecimal, or letters and digits mixed, without the hyphens that a name of words would have."""
    first, dot, rest = host.partition(".")
    looks_like_key = re.fullmatch(r"[0-9a-z_]*[0-9][0-9a-z_]*|[0-9a-f-]+", first) is not None
    return f"…{dot}{rest}" if dot and len(first) >= _KEY_LENGTH and looks_like_key else host
