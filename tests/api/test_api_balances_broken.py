"""What callers of /v2/balances see when something breaks after the answer has begun, and when they leave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import MutableMapping
from typing import Any

import pytest

from shared.api import balances as endpoint
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking_balances import balances_app, events_of, rich
from tests.fakes import WALLET
from tests.services.test_balances import hold

QUERY = f"addresses={WALLET}&networks=ethereum,base"


class Open:
    """One request that can be watched while it is answered."""

    def __init__(self, app: App[Context], accept: bytes = b"*/*") -> None:
        self.text = ""
        self.status = 0
        self.news = asyncio.Event()
        self.gone = asyncio.Event()
        scope = {
            "type": "http",
            "method": "GET",
            "path": endpoint.PATH,
            "query_string": QUERY.encode(),
            "headers": [(b"accept", accept)],
            "client": ("203.0.113.7", 1),
        }
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"").decode()
        self.news.set()

    async def until(self, text: str) -> None:
        """Wait until it has been said."""
        while text not in self.text:
            self.news.clear()
            await self.news.wait()


async def test_an_error_of_ours_is_told_with_its_scope_and_then_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fakes = rich()
    broken = hold(fakes, 8453)
    broken.bug = ZeroDivisionError("a secret")
    stream = Open(balances_app(fakes))
    await stream.until("event: balance")
    with caplog.at_level(logging.ERROR):
        broken.gate.set()
        await stream.task
    *_, error, end = events_of(stream.text)

    assert (stream.status, end.name) == (200, "end")
    assert (error.name, error.data["scope"], error.data["network"]) == ("error", "chain", "base")
    assert error.data["url"] == f"/v2/balances?addresses={WALLET}&networks=base"
    assert "secret" not in stream.text
    assert "a secret" in caplog.text


async def test_as_json_an_error_of_ours_is_a_problem(caplog: pytest.LogCaptureFixture) -> None:
    fakes = rich()
    broken = hold(fakes, 8453)
    broken.bug = ZeroDivisionError("a secret")
    broken.gate.set()
    answer = Open(balances_app(fakes), b"application/json")
    with caplog.at_level(logging.CRITICAL):
        await answer.task

    assert answer.status == 500
    assert "secret" not in answer.text


async def test_a_server_that_ends_says_so() -> None:
    fakes = rich()
    hold(fakes, 8453)
    app = balances_app(fakes)
    stream = Open(app)
    await stream.until("event: balance")
    app.conduct.closing.set()
    await stream.task
    *_, error, end = events_of(stream.text)

    assert (error.name, error.data["scope"], error.data["code"]) == ("error", "server", "server_ending")
    assert error.data["url"] == f"/v2/balances?addresses={WALLET}&networks=ethereum,base"
    assert end.name == "end"


async def test_while_nothing_is_known_a_comment_keeps_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoint, "_QUIET_SECONDS", 0.001)
    fakes = rich()
    slow = hold(fakes, 8453)
    stream = Open(balances_app(fakes))
    await stream.until("\n\n: \n\n")
    slow.gate.set()
    await stream.task

    assert [event.name for event in events_of(stream.text)][-2:] == ["summary", "end"]


async def test_when_the_caller_leaves_nothing_goes_on() -> None:
    fakes = rich()
    hold(fakes, 8453)
    before = asyncio.all_tasks()
    stream = Open(balances_app(fakes))
    await stream.until("event: balance")
    stream.gone.set()
    await stream.task
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before
