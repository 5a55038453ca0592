"""Load: as many GETs as so many connections can ask for, each waiting for its answer before the next."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests a second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


class _Asker(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, latencies: list[float], done: asyncio.Future[None]) -> None:
        self._request = request
        self._latencies = latencies
        self._done = done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer) if head >= 0 else None
        if length is None or len(self._buffer) < head + 4 + int(length[1]):
            return
        if not self._buffer.startswith(b"HTTP/1.1 200"):
            self._done.set_exception(ValueError(self._buffer[:200].decode()))
            return
        self._latencies.append(time.perf_counter() - self._asked)
        if not self._done.done():
            self._ask()

    def _ask(self) -> None:
        self._buffer = b""
        self._asked = time.perf_counter()
        self._transport.write(self._request)

    def close(self) -> None:
        self._transport.close()


async def measure(port: int, path: str, *, connections: int, seconds: float) -> Measured:
    """Ask for this long. Raises ValueError as soon as an answer is not 200."""
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    latencies: list[float] = []
    done = loop.create_future()
    opened = [
        await loop.create_connection(lambda: _Asker(request, latencies, done), "127.0.0.1", port)
        for _ in range(connections)
    ]
    latencies.clear()
    started = time.perf_counter()
    loop.call_later(seconds, _finish, done)
    try:
        await done
    finally:
        for _, asker in opened:
            asker.close()
    spent = time.perf_counter() - started
    ordered = sorted(latencies)
    return Measured(
        rate=len(ordered) / spent,
        p50=ordered[len(ordered) // 2] * 1000,
        p99=ordered[len(ordered) * 99 // 100] * 1000,
    )


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
