"""Whom a connection leads to is looked at before anything is said: against real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from shared.core.hosts import is_public
from shared.peer_check import peer_checks


@dataclass
class Listener:
    """Answers one request on each connection, and remembers each connection's first bytes."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read(1000)
        self.heard.append(said)
        if said:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()
        await writer.wait_closed()
        self.ended.set()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener.talk, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener
        await asyncio.wait_for(listener.ended.wait(), 10)


def client(seen: list[str], *, public_only: bool = True, allowed: bool = False) -> httpx.AsyncClient:
    def is_allowed(address: str) -> bool:
        seen.append(address)
        return allowed or is_public(address)

    hooks = peer_checks(public_only=public_only, is_allowed=is_allowed)
    return httpx.AsyncClient(event_hooks=hooks, trust_env=False, verify=False)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_is_said_to_a_host_that_leads_to_a_private_network(scheme: str) -> None:
    seen: list[str] = []
    async with listening() as listener, client(seen) as asking:
        with pytest.raises(httpx.ConnectError, match="private network"):
            await asking.get(f"{scheme}://localhost:{listener.port}/secret")

    assert seen == ["127.0.0.1"]
    assert listener.heard == [b""]


async def test_a_host_that_leads_elsewhere_is_asked() -> None:
    seen: list[str] = []
    async with listening() as listener, client(seen, allowed=True) as asking:
        answer = await asking.get(f"http://localhost:{listener.port}/")

    assert answer.text == "ok"
    assert seen == ["127.0.0.1"]


async def test_where_private_networks_are_allowed_nobody_looks() -> None:
    seen: list[str] = []
    async with listening() as listener, client(seen, public_only=False) as asking:
        answer = await asking.get(f"http://localhost:{listener.port}/")

    assert answer.text == "ok"
    assert seen == []


async def test_the_proxy_of_the_operator_may_be_anywhere() -> None:
    async with listening() as listener:
        hooks = peer_checks(public_only=True)
        proxy = f"http://127.0.0.1:{listener.port}"
        async with httpx.AsyncClient(event_hooks=hooks, proxy=proxy, verify=False) as asking:
            answer = await asking.get("http://name.example/")

    assert answer.text == "ok"
    assert listener.heard[0].startswith(b"GET http://name.example/ ")
