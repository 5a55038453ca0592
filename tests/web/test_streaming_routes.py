"""Routes that hold their connection: limited in number, and told when the process ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.errors import CallerError
from shared.web.app import App, Conduct
from shared.web.messages import Request, Response, Route, Stream
from shared.web.metrics import Metrics
from shared.web.open_streams import OpenStreams
from tests.web.serving import PATH, ask, quiet


@dataclass
class Held:
    """A stream that stays open until its caller leaves or the process ends."""

    app: App[str]
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    sent: list[MutableMapping[str, Any]] = field(default_factory=list)

    def open(self) -> asyncio.Task[None]:
        scope = {
            "type": "http",
            "method": "GET",
            "path": PATH,
            "query_string": b"",
            "headers": [],
            "client": ("203.0.113.7", 1),
        }
        return asyncio.create_task(self.app(scope, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            self.began.set()


async def stream(_context: str, request: Request) -> Response:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"first"
        await request.closing.wait()
        yield b"last"

    return Stream(pieces(), media_type=b"text/event-stream")


async def refuse(_context: str, _request: Request) -> Response:
    raise CallerError("not so")


def app_of(endpoint: Any = stream, **limits: int) -> App[str]:
    route = Route("GET", PATH, endpoint, "things", streaming=True)
    conduct = Conduct(log=quiet(), streams=OpenStreams(**limits))
    return App("things", [route], lambda: "the context", conduct, base=PATH)


@pytest.mark.parametrize("limit", ["per_caller", "in_all"])
async def test_one_stream_too_many_is_told_when_to_come_back(limit: str) -> None:
    app = app_of(**{limit: 1})
    held = Held(app)
    task = held.open()
    await held.began.wait()
    refused = await ask(app)
    held.gone.set()
    await task

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert app.conduct.streams.number == 0


async def test_a_place_is_free_again_when_the_caller_leaves() -> None:
    app = app_of(in_all=1)
    for _ in range(3):
        held = Held(app)
        task = held.open()
        await held.began.wait()
        held.gone.set()
        await task

        assert held.sent[0]["status"] == 200


async def test_an_answer_that_is_no_stream_holds_no_place() -> None:
    app = app_of(refuse, in_all=1)
    answers = [await ask(app) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert app.conduct.streams.number == 0


async def test_the_end_of_the_process_is_a_clean_end_of_its_streams() -> None:
    app = app_of()
    held = Held(app)
    task = held.open()
    await held.began.wait()
    app.conduct.closing.set()
    await asyncio.wait_for(task, 5)

    assert [message.get("body") for message in held.sent[1:]] == [b"first", b"last", b""]


class NotedLatency(Metrics):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def count(self, function: str, method: str, status: int, seconds: float) -> None:
        self.seconds.append(seconds)


async def test_how_long_a_stream_stays_is_no_latency() -> None:
    metrics = NotedLatency()
    app = app_of()
    app.conduct = replace(app.conduct, metrics=metrics)
    held = Held(app)
    started = time.perf_counter()
    task = held.open()
    await held.began.wait()
    began = time.perf_counter() - started
    held.gone.set()
    await task

    assert len(metrics.seconds) == 1
    assert metrics.seconds[0] <= began
