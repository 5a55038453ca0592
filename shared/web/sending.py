"""Puts an answer's headers together, and sends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .cors import Cors
from .etags import matches
from .limits import discard_rest
from .messages import Header, Request, Response, Stream
from .streams import send_stream

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ONLY_HTTPS: tuple[Header, ...] = ((b"strict-transport-security", b"max-age=31536000; includeSubDomains"),)
# A body that nobody reads would otherwise have to be received to its end, however long that takes.
_CLOSE: tuple[Header, ...] = ((b"connection", b"close"),)


def conditional(request: Request, response: Response) -> Response:
    """The answer, or the 304 for a caller who has it."""
    if_none_match = request.header(b"if-none-match")
    if if_none_match is None or response.etag is None or not matches(if_none_match, response.etag):
        return response
    return response.not_modified()


def headers_of(
    request: Request, response: Response, cors: Cors, clock: Callable[[], float], *, deployed: bool
) -> list[Header]:
    """All headers of an answer: its own, and those that every answer carries."""
    return [
        *response.headers,
        (b"x-request-id", request.request_id.encode()),
        (b"cache-control", _cache_control(response, clock)),
        *_rate_headers(request),
        *cors.headers(request),
        *(_ONLY_HTTPS if deployed else ()),
        *(_CLOSE if request.unread else ()),
    ]


async def send_answer(
    request: Request, response: Response, headers: list[Header], receive: Receive, send: Send
) -> None:
    """Send the whole answer; raises what `send` raises, but not where it is a stream that breaks off."""
    body = b"" if request.method == "HEAD" else response.body
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if isinstance(response, Stream):
        await send_stream(response, receive, send, with_body=request.method != "HEAD")
        return
    if request.unread:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await discard_rest(receive)
        body = b""
    await send({"type": "http.response.body", "body": body})


def _cache_control(response: Response, clock: Callable[[], float]) -> bytes:
    if response.reusable_until is None:
        return response.cache_control
    return b"private, max-age=%d" % max(0, int(response.reusable_until - clock()))


def _rate_headers(request: Request) -> tuple[Header, ...]:
    allowance = request.allowance
    if allowance is None:
        return ()
    return (
        (b"ratelimit-limit", b"%d" % allowance.limit),
        (b"ratelimit-remaining", b"%d" % allowance.remaining),
        (b"ratelimit-reset", b"%d" % allowance.reset),
    )
