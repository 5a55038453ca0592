"""A stream's server as a client meets it: it streams, is busy, refuses, breaks off, or is none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from functions.watch_sources import Lost, Refused, from_server
from shared.errors import ConfigError, InvalidInput

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"


@dataclass
class Served:
    """What was asked, and where."""

    url: str
    heads: list[str] = field(default_factory=list)


@asynccontextmanager
async def serving(answer: bytes) -> AsyncIterator[Served]:
    """Answers everything with these bytes and closes."""
    served = Served("")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield served


async def received(served: Served, last_id: str | None = None, token: str | None = None) -> bytes:
    async with (
        from_server(f"{served.url}/", "address=vitalik.eth", token) as connect,
        connect(last_id) as chunks,
    ):
        return b"".join([chunk async for chunk in chunks])


def problem(status: int, body: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Problem", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", body]).encode()


async def test_the_stream_is_asked_for_as_a_browser_would() -> None:
    async with serving(STREAM + b"data: 1\n\n") as served:
        assert await received(served, "v1.2", "abc") == b"data: 1\n\n"

    (head,) = served.heads
    assert head.startswith("GET /api/v1/stream?address=vitalik.eth HTTP/1.1\r\n")
    assert "\r\nlast-event-id: v1.2\r\n" in head
    assert "\r\nauthorization: Bearer abc\r\n" in head


async def test_without_an_id_or_a_token_none_is_sent() -> None:
    async with serving(STREAM) as served:
        await received(served)

    assert "last-event-id" not in served.heads[0]
    assert "authorization" not in served.heads[0]


@pytest.mark.parametrize(
    ("answer", "message", "retry_after"),
    [
        (problem(429, '{"detail": "too many"}', "Retry-After: 15"), "answered 429: too many", 15),
        (problem(503, "<html>"), "the server answered 503", None),
        (problem(502, '{"detail": "\\u001b[2J"}'), "answered 502: [2J", None),
        (b"", "disconnected", None),
        (STREAM.replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n"), "incomplete|closed", None),
    ],
)
async def test_what_may_pass_is_a_lost_connection(
    answer: bytes, message: str, retry_after: float | None
) -> None:
    async with serving(answer) as served:
        with pytest.raises(Lost, match=message.replace("[", r"\[")) as lost:
            await received(served)

    assert lost.value.retry_after == retry_after


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (problem(400, '{"errors": [{"field": "a", "message": "is b"}]}'), "answered 400: a: is b"),
        (problem(401, '{"title": "Unauthorized"}'), "answered 401: Unauthorized"),
        (problem(404, "[1]"), "the server answered 404$"),
        (problem(400, '{"errors": [1]}'), "the server answered 400$"),
        (problem(301, "", "Location: https://elsewhere.example"), "the server answered 301$"),
        (problem(200, "{}", "Content-Type: application/json"), "with application/json, not with a stream"),
    ],
)
async def test_what_will_not_pass_is_refused(answer: bytes, message: str) -> None:
    async with serving(answer) as served:
        with pytest.raises(Refused, match=message):
            await received(served)


@pytest.mark.parametrize(
    "url", ["banana", "ftp://example.com", "https://", "https://a?b=c", "http://[::1", "http://a:x"]
)
async def test_a_url_is_checked(url: str) -> None:
    with pytest.raises(InvalidInput, match="URL: must be an http or https URL"):
        async with from_server(url, "", None):
            pass


async def test_a_token_does_not_travel_in_the_open() -> None:
    with pytest.raises(ConfigError, match="CHAINFOLIO_TOKEN: is not sent over http"):
        async with from_server("http://example.com", "", "abc"):
            pass
    async with from_server("https://example.com", "", "abc"):
        pass


async def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        async with from_server(f"http://me:hidden@{place}/", "", None) as connect:
            with pytest.raises(Lost, match=f"^http://{place}: "):
                async with connect(None):
                    pass
