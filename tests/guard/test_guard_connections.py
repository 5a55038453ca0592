"""Connections to the real servers: what is no request, says two things at once, or never ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.guard.raw import tell
from tests.guard.served import Served, bearer

SMUGGLED = b"GET /api/v1/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
START = b"POST /api/v1/wallets HTTP/1.1\r\nHost: localhost\r\n"
CHUNKS = b"\r\n0\r\n\r\n"
AMBIGUOUS = {
    "a length and chunks": START + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + CHUNKS,
    "chunks and a length": START + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" + CHUNKS,
    "two lengths": START + b"Content-Length: 0\r\nContent-Length: 51\r\n\r\n",
    "a length with a sign": START + b"Content-Length: +0\r\n\r\n",
    "a coding that is none": START + b"Transfer-Encoding: xchunked\r\n" + CHUNKS,
    "chunks not last": START + b"Transfer-Encoding: chunked, identity\r\n" + CHUNKS,
    "a space before the colon": START + b"Transfer-Encoding : chunked\r\n" + CHUNKS,
    "a folded line": START + b"X-A: 1\r\n Content-Length: 51\r\n\r\n",
    "a bare line feed": START + b"X-A: 1\nTransfer-Encoding: chunked\r\n" + CHUNKS,
    "a bare carriage return": START + b"X-A: 1\rContent-Length: 51\r\n\r\n",
    "no name": START + b": 1\r\n\r\n",
    "a zero byte": START + b"X-A: \x00\r\n\r\n",
    "no method": b"\x16\x03\x01\x02\x00\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a chunk whose size is no number": START + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
}


@asynccontextmanager
async def opened(port: int, number: int, start: bytes) -> AsyncIterator[None]:
    """So many connections on which no more than this is said."""
    writers = []
    try:
        for _ in range(number):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(start)
            writers.append(writer)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize("request_bytes", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_two_readers_could_read_differently_is_refused_whole(
    served: Served, request_bytes: bytes
) -> None:
    heard = await tell(served.port, request_bytes + SMUGGLED)

    assert set(heard.statuses) <= {400, 401}
    assert len(heard.statuses) == 1
    assert heard.ended
    assert served.ask("/healthz").status_code == 200


async def test_refused_connections_are_counted_where_no_front_end_counts_them(local_server: Served) -> None:
    """Deployed, Google's front end refuses and counts what is no HTTP; the function never sees it."""
    before = local_server.counted(400)
    heard = await tell(local_server.port, b"\x16\x03\x01\r\n\r\n")

    assert heard.statuses == (400,)
    assert b"application/problem+json" in heard.text
    assert b"x-content-type-options: nosniff" in heard.text
    assert local_server.counted(400) == before + 1


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-A: "
            + b"a" * 70_000
            + b"\r\n\r\n",
            431,
        ),
        (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + b"X-A: aaaa\r\n" * 15_000
            + b"\r\n",
            431,
        ),
    ],
    ids=["a long address", "a long header", "many headers"],
)
async def test_a_head_that_is_too_long_is_refused(served: Served, request_bytes: bytes, status: int) -> None:
    before = served.counted(status)
    heard = await tell(served.port, request_bytes)

    assert heard.statuses == (status,)
    assert heard.ended
    assert served.counted(status) == before + (1 if status == 431 or not served.deployed else 0)


async def test_a_head_without_an_end_is_cut_off_where_no_front_end_does_it(local_server: Served) -> None:
    """Deployed, Google's front end hands on whole heads only."""
    before = local_server.counted(431)
    heard = await tell(local_server.port, b"GET /healthz HTTP/1.1\r\nX-A: ", *[b"a" * 65_536] * 100)

    assert heard.ended
    assert set(heard.statuses) <= {431}  # who is still sending may lose the answer
    assert local_server.counted(431) == before + 1


async def test_a_thousand_idle_connections_keep_nobody_waiting(served: Served) -> None:
    """Half of them silent, half in the middle of a line."""
    async with opened(served.port, 500, b""), opened(served.port, 500, b"GET /healthz HT"):
        began = time.perf_counter()
        answers = [
            await asyncio.to_thread(served.ask, "/api/v1/wallets", headers=bearer()) for _ in range(20)
        ]
        spent = time.perf_counter() - began

    assert {answer.status_code for answer in answers} == {200}
    assert spent < 5


async def test_what_is_no_plain_request_is_not_acted_on(served: Served) -> None:
    lines = (b"CONNECT 127.0.0.1:1 HTTP/1.1", b"TRACE / HTTP/1.1", b"GET http://127.0.0.1:1/x HTTP/1.1")
    heard = [
        await tell(served.port, line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n") for line in lines
    ]

    assert all(400 <= status < 500 for each in heard for status in each.statuses)
    assert [len(each.statuses) for each in heard] == [1, 1, 1]
