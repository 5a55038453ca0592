"""Arrivals: GETs at a fixed rate, whether earlier ones have been answered or not.

A latency counts from when the request was due: a server that stalls is charged for all who came meanwhile.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_TICK_SECONDS = 0.001
_LAST_SECONDS = 10.0


@dataclass(slots=True)
class Outcome:
    """What came of the requests: latencies in seconds, answers by status, connections that broke."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0

    def percentile(self, share: float) -> float:
        """In milliseconds; infinite where nothing was answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else float("inf")

    @property
    def errors(self) -> int:
        return self.broken + sum(n for status, n in self.statuses.items() if status != 200)


class _Line(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._buffer = b""
        self._due: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due is None:
            self._arrivals.forget(self)
        else:
            self._arrivals.outcome.broken += 1
            self._arrivals.settled()

    def ask(self, due: float) -> None:
        self._buffer, self._due = b"", due
        self._transport.write(self._arrivals.request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, head + 2) if head >= 0 else None
        if length is None or len(self._buffer) < head + 4 + int(length[1]) or self._due is None:
            return
        outcome = self._arrivals.outcome
        outcome.latencies.append(time.perf_counter() - self._due)
        outcome.statuses[int(self._buffer[9:12])] += 1
        self._due = None
        self._arrivals.settled()
        self._arrivals.free(self)

    def close(self) -> None:
        self._due = None
        self._transport.close()


class Arrivals:
    """Asks a local server for one path at `rate` requests a second, over so many connections."""

    def __init__(self, port: int, path: str, *, rate: float, connections: int) -> None:
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        self.outcome = Outcome()
        self._port = port
        self._rate = rate
        self._connections = connections
        self._idle: deque[_Line] = deque()
        self._waiting: deque[float] = deque()
        self._open = 0
        self._all_settled = asyncio.Event()

    async def run(self, seconds: float) -> Outcome:
        """All requests of so many seconds; those not answered soon after count as broken."""
        loop = asyncio.get_running_loop()
        lines = [
            (await loop.create_connection(lambda: _Line(self), "127.0.0.1", self._port))[1]
            for _ in range(self._connections)
        ]
        self._idle.extend(lines)
        await self._let_arrive(int(self._rate * seconds))
        try:
            await asyncio.wait_for(self._all_settled.wait(), _LAST_SECONDS)
        except TimeoutError:
            self.outcome.broken += self._open
        for line in lines:
            line.close()
        return self.outcome

    async def _let_arrive(self, total: int) -> None:
        started = time.perf_counter()
        for number in range(total):
            due = started + number / self._rate
            if (early := due - time.perf_counter()) > 0:
                await asyncio.sleep(max(_TICK_SECONDS, early))
            self._open += 1
            self._all_settled.clear()
            if self._idle:
                self._idle.popleft().ask(due)  # in turn, so that none idles until the server closes it
            else:
                self._waiting.append(due)

    def settled(self) -> None:
        """One request less is open."""
        self._open -= 1
        if not self._open:
            self._all_settled.set()

    def forget(self, line: _Line) -> None:
        """The server has closed a connection that carried nothing."""
        if line in self._idle:
            self._idle.remove(line)

    def free(self, line: _Line) -> None:
        """A connection can carry the next request."""
        if self._waiting:
            line.ask(self._waiting.popleft())
        else:
            self._idle.append(line)
