"""Answers that are made while they are sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, MutableMapping
from typing import Any

import pytest

from shared.web.messages import Request, Response, Stream
from shared.web.streams import send_stream
from tests.web.serving import ask, make_app

Message = MutableMapping[str, Any]


class Line:
    """The two ends of a connection; the caller leaves when `gone` is set."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)


async def numbers(until: int) -> AsyncGenerator[bytes, None]:
    for number in range(until):
        yield b"%d," % number


async def test_the_pieces_come_as_they_are_made_and_then_the_end() -> None:
    line, stream = Line(), Stream(numbers(3), media_type=b"text/csv")
    await send_stream(stream, line.receive, line.send)

    assert [message["body"] for message in line.sent] == [b"0,", b"1,", b"2,", b""]
    assert [message.get("more_body", False) for message in line.sent] == [True, True, True, False]
    assert stream.size == 6


async def test_what_breaks_on_the_way_has_no_end(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"half"
        raise ValueError("the store went away")

    line = Line()
    with caplog.at_level(logging.ERROR):
        await send_stream(Stream(broken(), media_type=b"text/csv"), line.receive, line.send)

    assert line.sent == [{"type": "http.response.body", "body": b"half", "more_body": True}]
    assert "broke off after 4 bytes" in caplog.text


async def test_nothing_more_is_made_for_a_caller_who_left() -> None:
    closed = asyncio.Event()
    line = Line()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            line.gone.set()
            await asyncio.Event().wait()
        finally:
            closed.set()

    await send_stream(Stream(endless(), media_type=b"text/csv"), line.receive, line.send)

    assert closed.is_set()
    assert [message["body"] for message in line.sent] == [b"first"]


async def test_who_takes_nothing_for_too_long_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    closed = asyncio.Event()
    line = Line()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"more"
        finally:
            closed.set()

    async def full(message: Message) -> None:
        if len(line.sent) == 2:
            await asyncio.Event().wait()
        await line.send(message)

    stream = Stream(endless(), media_type=b"text/csv")
    async with asyncio.timeout(10):
        await send_stream(stream, line.receive, full, patience=0)

    assert closed.is_set()
    assert [message["body"] for message in line.sent] == [b"more", b"more"]
    assert stream.sent == 8
    assert "broke off after 8 bytes" in caplog.text
    assert "the reader took nothing for 0 s" in caplog.text


async def test_head_makes_nothing() -> None:
    made = []

    async def noted() -> AsyncGenerator[bytes, None]:
        made.append(1)
        yield b"x"

    async def endpoint(_context: str, _request: Request) -> Response:
        return Stream(noted(), media_type=b"text/csv")

    answer = await ask(make_app(endpoint), "HEAD")

    assert (answer.status_code, answer.content, made) == (200, b"", [])


async def test_a_stream_states_no_length_and_has_no_tag() -> None:
    async def endpoint(_context: str, _request: Request) -> Response:
        return Stream(numbers(2), media_type=b"text/csv")

    answer = await ask(make_app(endpoint))

    assert (answer.text, answer.headers["content-type"]) == ("0,1,", "text/csv")
    assert "content-length" not in answer.headers
    assert "etag" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
