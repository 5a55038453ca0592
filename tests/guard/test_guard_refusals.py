"""What the local server refuses before it is a request: told as any answer, never amid another one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import uvicorn
from uvicorn.server import ServerState

from functions.connections import Connection
from shared.web.app import App, Conduct
from shared.web.log import RequestLog
from shared.web.messages import Request, Response, Route, Stream
from shared.web.metrics import Metrics

HEAD = b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
GARBAGE = b"\x00garbage\r\n\r\n"
CHUNKED = b"POST /body HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Local:
    """A server whose stream stays open and whose slow answer waits; `told` what it counted and logged."""

    port: int = 0
    lines: list[str] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    never: asyncio.Event = field(default_factory=asyncio.Event)

    async def stream(self, _context: str, _request: Request) -> Response:
        async def chunks() -> AsyncGenerator[bytes, None]:
            yield b"first"
            await self.never.wait()

        return Stream(chunks(), media_type=b"text/plain")

    async def slow(self, _context: str, _request: Request) -> Response:
        self.asked.set()
        await self.never.wait()
        return Response(200, b"")

    async def body(self, _context: str, _request: Request) -> Response:
        return Response(200, b"")

    def refused(self, status: int) -> list[dict[str, object]]:
        """The log lines of what never became a request."""
        lines = [json.loads(line) for line in self.lines]
        return [line for line in lines if line["message"] == f"- - {status}"]

    def counted(self, status: int) -> bool:
        return f'method="other",status="{status}"'.encode() in self.metrics.page(())


@asynccontextmanager
async def serving() -> AsyncIterator[Local]:
    local = Local()
    routes = [
        Route("GET", "/stream", local.stream, "x", streaming=True),
        Route("GET", "/slow", local.slow, "x"),
        Route("POST", "/body", local.body, "x"),
    ]
    conduct = Conduct(log=RequestLog("INFO", local.lines.append), metrics=local.metrics)
    app = App("local", routes, lambda: "it", conduct)
    config = uvicorn.Config(app, http=Connection, ws="none", log_config=None)
    config.load()
    loop = asyncio.get_running_loop()
    state = ServerState()
    server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
    local.port = server.sockets[0].getsockname()[1]
    try:
        yield local
    finally:
        server.close()
        local.never.set()
        await asyncio.gather(*state.tasks, return_exceptions=True)


@asynccontextmanager
async def connected(local: Local) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", local.port)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.transport.abort()


async def test_a_refusal_is_a_problem_with_an_id_that_is_on_its_log_line() -> None:
    async with serving() as local, connected(local) as (reader, writer):
        writer.write(GARBAGE)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
    problem = json.loads(body)

    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"connection"] == b"close"
    assert headers[b"cache-control"] == b"no-store"
    assert int(headers[b"content-length"]) == len(body)
    assert [line["request_id"] for line in local.refused(400)] == [headers[b"x-request-id"].decode()]
    assert problem["request_id"] == headers[b"x-request-id"].decode()
    assert local.counted(400)


async def test_nothing_is_written_into_a_stream_by_what_comes_behind_it() -> None:
    async with serving() as local, connected(local) as (reader, writer):
        writer.write(b"GET /stream" + HEAD)
        text = await reader.readuntil(b"first\r\n")
        writer.write(GARBAGE)
        rest = await reader.read()

    assert text.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest == b""
    assert local.refused(400)
    assert local.counted(400)


async def test_a_refusal_is_never_taken_for_the_answer_to_what_came_before() -> None:
    async with serving() as local, connected(local) as (reader, writer):
        writer.write(b"GET /slow" + HEAD)
        await local.asked.wait()
        writer.write(GARBAGE)

        assert await reader.read() == b""
    assert local.refused(400)


@pytest.mark.parametrize("behind", [b"GET /slow" + HEAD, b"GET /slow" + HEAD + CHUNKED])
async def test_nor_is_one_of_what_waits_for_its_turn(behind: bytes) -> None:
    async with serving() as local, connected(local) as (reader, writer):
        writer.write(b"GET /slow" + HEAD)
        await local.asked.wait()
        writer.write(behind + b"zz\r\n\r\n")

        assert await reader.read() == b""


async def test_a_body_that_is_none_is_refused_as_the_request_that_it_belongs_to() -> None:
    async with serving() as local, connected(local) as (reader, writer):
        writer.write(CHUNKED)
        writer.write(b"zz\r\n\r\n")

        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
