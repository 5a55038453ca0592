"""Where a watched stream comes from: the services in this process, or a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from urllib.parse import SplitResult, urlsplit

import httpx

from shared.api.portfolio import Question, query_of
from shared.api.stream import PATH
from shared.api.stream_answer import stream_bytes
from shared.chain.http import HttpReply, open_http, read_reply
from shared.errors import ConfigError, InvalidInput, RpcError, Unavailable
from shared.terminal.text import safe_text
from shared.web.closing import Closing
from shared.web.sse import EVENT_STREAM
from shared.wiring import Context

Connect = Callable[[str | None], AbstractAsyncContextManager[AsyncIterator[bytes]]]
"""Opens a stream behind the event with this id."""

# Three of the server's heartbeats.
_SILENCE_SECONDS = 45.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MOST_BYTES = 64_000


class Lost(Exception):
    """The connection broke, or could not be made; the message says why. `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(Exception):
    """The server will not answer this however often it is asked; the message says why."""


def in_process(question: Question, context: Context) -> Connect:
    """The stream that the server would send, byte for byte, without one."""

    @asynccontextmanager
    async def connect(last_id: str | None) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            query = await query_of(question, None, context)
            async with aclosing(stream_bytes(query, last_id, context, Closing())) as chunks:
                yield chunks
        except Unavailable as error:
            raise Lost(str(error)) from error

    return connect


@asynccontextmanager
async def from_server(url: str, query: str, token: str | None) -> AsyncIterator[Connect]:
    """The stream of a server. Raises InvalidInput for a URL, ConfigError for a token not to be sent there."""
    address = f"{check_url(url, token)}{PATH}?{query}"
    own = {"authorization": f"Bearer {token}"} if token else {}
    # What is packed would be held back until there is enough of it.
    headers = {"accept": "text/event-stream", "accept-encoding": "identity", **own}
    client = open_http()

    @asynccontextmanager
    async def connect(last_id: str | None) -> AsyncIterator[AsyncIterator[bytes]]:
        sent = {**headers, **({"last-event-id": last_id} if last_id else {})}
        timeout = httpx.Timeout(10, read=_SILENCE_SECONDS)
        try:
            async with client.stream("GET", address, headers=sent, timeout=timeout) as answer:
                await _check_answer(answer)
                yield answer.aiter_bytes()
        except httpx.ReadTimeout as error:
            raise Lost(f"nothing was heard for {_SILENCE_SECONDS:.0f} s") from error
        except httpx.HTTPError as error:
            raise Lost(f"{shown_url(url)}: {str(error) or type(error).__name__}") from error

    try:
        yield connect
    finally:
        await client.aclose()


def check_url(url: str, token: str | None = None) -> str:
    """The URL of a server without its last slash. A token is shown to nobody on the way.

    Raises InvalidInput, and ConfigError for a token not to be sent there.
    """
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, is_url = SplitResult("", "", "", "", ""), False
    if not is_url or parts.query or parts.fragment:
        raise InvalidInput("URL", "must be an http or https URL such as https://example.com")
    if token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ConfigError("CHAINFOLIO_TOKEN: is not sent over http to another machine; use https")
    return url.rstrip("/")


def shown_url(url: str) -> str:
    """Where the server is, without what may be secret in its URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


async def _check_answer(answer: httpx.Response) -> None:
    """Raises Lost for what may pass, and Refused for what will not."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if answer.status_code == 200:
        if kind != EVENT_STREAM.decode().partition(";")[0]:
            raise Refused(f"the server answered with {safe_text(kind, 60) or 'nothing'}, not with a stream")
        return
    try:
        reply = await read_reply(answer, "the server", _MOST_BYTES)
    except RpcError:
        reply = HttpReply(answer.status_code, b"", None)
    message = f"the server answered {reply.status}{said_of(reply.body)}"
    if reply.status >= 500 or reply.status in (408, 425, 429):
        raise Lost(message, reply.retry_after)
    raise Refused(message)


def said_of(body: bytes) -> str:
    """What a problem says of itself; nothing for any other body."""
    try:
        problem = json.loads(body)
        faults = [f"{fault['field']}: {fault['message']}" for fault in problem.get("errors", ())]
        words = "; ".join(faults) or problem.get("detail") or problem.get("title") or ""
        return f": {safe_text(words, 300)}" if words else ""
    except (ValueError, AttributeError, LookupError, TypeError):
        return ""
