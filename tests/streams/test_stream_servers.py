"""Streams of real servers: resumed by other processes, read slowly, left, and ended."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.streams.servers import (
    Devnet,
    Server,
    events_in,
    fragments_of,
    open_stream,
    raw_request,
    run_servers,
)

ETHER = 10**18
MANY_TOKENS = 1_000
CHANGES = 40
HEARTBEAT_SECONDS = 15
"""As servers are set by default: so soon a client that left is noticed."""


def sqlite(devnet: Devnet, folder: Path) -> dict[str, str]:
    return {**devnet.variables, "STORE": f"sqlite:{folder / 'chainfolio.db'}"}


def in_memory(devnet: Devnet) -> dict[str, str]:
    return {**devnet.variables, "STORE": "sqlite::memory:"}


def told(fragments: list[Any]) -> list[tuple[str, int]]:
    """Which fragments came, each by its protocol and sequence."""
    return [(fragment["protocol"], fragment["sequence"]) for fragment in fragments]


async def test_a_stream_goes_on_behind_a_restart_of_the_server(devnet: Devnet, tmp_path: Path) -> None:
    settings = sqlite(devnet, tmp_path)
    devnet.holds(ETHER)
    with run_servers(settings) as (server,):
        async with open_stream(server) as stream:
            await stream.until_balance(ETHER)
            last_id = stream.last_id
            server.process.kill()
            server.process.wait()
    devnet.holds(2 * ETHER)
    with run_servers(settings) as (server,):
        missed = (await server.refresh())["fragments"]
        async with open_stream(server, last_id) as stream:
            await stream.until_balance(2 * ETHER)
            devnet.holds(3 * ETHER)
            later = (await server.refresh())["fragments"]
            await stream.until_balance(3 * ETHER)

    assert [event.name for event in stream.heard if event.name == "snapshot"] == []
    assert told(fragments_of(stream)) == told([*missed, *later])


async def test_a_stream_goes_on_at_another_instance_and_hears_what_any_of_them_writes(
    devnet: Devnet, firestore: dict[str, str]
) -> None:
    settings = {**devnet.variables, **firestore}
    devnet.holds(4 * ETHER)
    with run_servers(settings, settings) as (one, other):
        async with open_stream(one) as stream:
            await stream.until_balance(4 * ETHER)
            devnet.holds(5 * ETHER)
            written = await other.refresh()
            event = await stream.until_balance(5 * ETHER)
            last_id = stream.last_id
        devnet.holds(6 * ETHER)
        missed = (await one.refresh())["fragments"]
        async with open_stream(other, last_id) as resumed:
            await resumed.until_balance(6 * ETHER)
            devnet.holds(7 * ETHER)
            later = (await one.refresh())["fragments"]
            await resumed.until_balance(7 * ETHER)

    assert event.data in written["fragments"]
    assert [event.name for event in resumed.heard if event.name == "snapshot"] == []
    assert told(fragments_of(resumed)) == told([*missed, *later])


async def test_for_a_reader_who_stops_reading_nothing_is_kept_but_the_newest(devnet: Devnet) -> None:
    devnet.holds_listed(MANY_TOKENS)
    with run_servers(in_memory(devnet)) as (server,):
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", server.port))
            slow.sendall(raw_request())
            while await server.metric("event_streams_open") < 1:
                pass
            for change in range(CHANGES):
                devnet.holds(10 * ETHER + change)
                fragments = (await server.refresh())["fragments"]
            newest = fragments[0]["sequence"]
            received = await asyncio.to_thread(read_until, slow, f'"sequence":{newest},'.encode())
        while await server.metric("event_streams_open"):
            pass
        merged = await server.metric("stream_fragments_merged_total")

    found = [event.data for event in events_in(received) if event.name == "fragment"]
    of_wallet = [fragment["sequence"] for fragment in found if fragment["protocol"] == "wallet"]
    assert of_wallet == sorted(set(of_wallet))
    assert of_wallet[-1] == newest
    assert len(of_wallet) < CHANGES
    assert merged >= CHANGES - len(of_wallet)


def read_until(reader: socket.socket, end: bytes) -> bytes:
    """All bytes up to the end of the event that has these in it."""
    received = bytearray()
    reader.settimeout(20)
    while (found := received.find(end)) < 0 or received.find(b"\n\n", found) < 0:
        received += reader.recv(1 << 20)
    return bytes(received)


async def test_of_streams_that_were_left_nothing_stays_open(devnet: Devnet) -> None:
    devnet.holds(ETHER)
    with run_servers(in_memory(devnet)) as (server,):
        await open_and_leave(server, 10)
        await nothing_open(server)
        before = count_sockets(server)
        for _ in range(3):
            await open_and_leave(server, 10)
            await nothing_open(server)
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            while (after := count_sockets(server)) > before:
                await nothing_open(server)

    assert after <= before


async def open_and_leave(server: Server, number: int) -> None:
    """So many streams at once, each until it has begun."""
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(open_stream(server)) for _ in range(number)]
        await asyncio.gather(*(stream.next("snapshot") for stream in streams))
        assert await server.metric("event_streams_open") == number


async def nothing_open(server: Server) -> None:
    """Returns when the server has noticed that its streams were left."""
    async with asyncio.timeout(HEARTBEAT_SECONDS):
        while await server.metric("event_streams_open"):
            pass


def count_sockets(server: Server) -> int:
    links = []
    for each in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            links.append(str(each.readlink()))
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_end_of_a_server_is_a_clean_end_of_its_streams(devnet: Devnet, number: int) -> None:
    devnet.holds(ETHER)
    with run_servers(in_memory(devnet)) as (server,):
        async with open_stream(server) as stream:
            await stream.next("snapshot")
            server.process.send_signal(number)
            end = await stream.next("end")
            with pytest.raises(EOFError):
                await stream.next()
        code = await asyncio.to_thread(server.process.wait, 5)

    assert end.data == {"type": "end", "reason": "shutdown"}
    assert end.retry is not None
    assert code in (0, -number)
