"""1,000 streams of a wallet on one process: memory, delay until the last has heard, requests to the chain."""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

from tests.bench.goals import Goal, show
from tests.streams.servers import Devnet, Server, raw_request, run_devnet, run_servers

STREAMS = 1_000
CHANGES = 40
HELD_TOKENS = 20
WATCHED_SECONDS = 5.0
_AT_ONCE = 50
_FRAGMENT = b"event: fragment\n"
_SEQUENCE = b'"sequence":'


class Client(asyncio.Protocol):
    """One stream; it notes when it hears which fragment of the wallet itself."""

    def __init__(self) -> None:
        self.heard: dict[int, float] = {}
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self.began = asyncio.get_running_loop().create_future()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(raw_request())

    def data_received(self, data: bytes) -> None:
        now = time.time()
        if not self.began.done():
            self.began.set_result(None)
        *blocks, self._buffer = (self._buffer + data).split(b"\n\n")
        for block in blocks:
            if _FRAGMENT in block:
                self._hear(int(block.partition(_SEQUENCE)[2].partition(b",")[0]), now)

    async def hears(self, sequence: int) -> None:
        """Returns when it has heard of the fragment."""
        if sequence not in self.heard:
            self._waiting[sequence] = asyncio.get_running_loop().create_future()
            await self._waiting[sequence]

    def _hear(self, sequence: int, now: float) -> None:
        self.heard[sequence] = now
        if (waiting := self._waiting.get(sequence)) is not None:
            waiting.set_result(None)


async def connect(server: Server, number: int) -> list[Client]:
    """So many streams, a few at a time."""
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    while len(clients) < number:
        some = min(_AT_ONCE, number - len(clients))
        opening = (loop.create_connection(Client, "127.0.0.1", server.port) for _ in range(some))
        opened = [client for _, client in await asyncio.gather(*opening)]
        await asyncio.gather(*(client.began for client in opened))
        clients += opened
    return clients


async def delays(server: Server, devnet: Devnet, clients: list[Client]) -> tuple[list[float], list[float]]:
    """Seconds from the writing of a fragment to its receipt: by every client, and by the last of them."""
    every: list[float] = []
    last: list[float] = []
    for change in range(CHANGES):
        await asyncio.to_thread(devnet.holds, 10**18 + change)
        fragments = (await server.refresh())["fragments"]
        written = next(each["sequence"] for each in fragments if each["protocol"] == "wallet")
        await asyncio.gather(*(client.hears(written) for client in clients))
        received = [client.heard[written] - written / 1e6 for client in clients]
        every += received
        last.append(max(received))
    return every, last


async def requests_in(server: Server, seconds: float) -> float:
    """Requests to the chain while the streams that are open are kept up to date."""
    before = await server.metric("rpc_requests_total")
    await asyncio.sleep(seconds)
    return await server.metric("rpc_requests_total") - before


def resident(server: Server) -> int:
    """Bytes that the process has in memory."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def measure_delays(server: Server, devnet: Devnet) -> None:
    """Print what a stream takes, and how long news do."""
    first = await connect(server, 1)
    before = resident(server)
    clients = [*first, *await connect(server, STREAMS - 1)]
    opened = (resident(server) - before) / (STREAMS - 1)
    every, last = await delays(server, devnet, clients)
    at_work = (resident(server) - before) / (STREAMS - 1)
    print(f"{STREAMS:,} streams of a wallet with {HELD_TOKENS} tokens, on one process")
    print(
        f"  memory of each: {opened / 1024:.1f} KiB when open, {at_work / 1024:.1f} after {CHANGES} changes"
    )
    print("  from the writing of a fragment to its receipt")
    print(f"    by any client   {show_delays(every)}")
    print(f"    by the last one {show_delays(last)}")


async def measure_requests(server: Server) -> Goal:
    """How many more requests many streams take than one."""
    await connect(server, 1)
    await server.refresh()
    alone = await requests_in(server, WATCHED_SECONDS)
    await connect(server, STREAMS - 1)
    together = await requests_in(server, WATCHED_SECONDS)
    print(f"  requests to the chain in {WATCHED_SECONDS:.0f} s: {alone:.0f} for one, {together:.0f} for all")
    return Goal("times the requests of one stream, for 1,000 of its wallet", together / alone, at_most=1.5)


def show_delays(seconds: list[float]) -> str:
    p99 = sorted(seconds)[len(seconds) * 99 // 100]
    return f"p50 {statistics.median(seconds) * 1000:6.1f} ms   p99 {p99 * 1000:6.1f} ms"


def main() -> int:
    """Print the figures; 1 when the goal is missed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with run_devnet() as devnet:
        devnet.holds_listed(HELD_TOKENS)
        calm = {**devnet.variables, "STORE": "sqlite::memory:", "STREAM_HEARTBEAT_SECONDS": "15"}
        with run_servers(calm) as (server,):
            uvloop.run(measure_delays(server, devnet))
        with run_servers({**calm, "STREAM_REFRESH_SECONDS": "1"}) as (server,):
            goal = uvloop.run(measure_requests(server))
    return show([goal])


if __name__ == "__main__":
    sys.exit(main())
