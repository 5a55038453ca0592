"""Requests as bytes on a connection, for what no HTTP client would send."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from dataclasses import dataclass

from tests.guard.served import bearer

TEN_MEGABYTES = 10 * 1024 * 1024
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back on a connection until it ended."""

    statuses: tuple[int, ...]
    text: bytes
    seconds: float
    ended: bool


def head(length: int | None = TEN_MEGABYTES, more: str = "") -> bytes:
    """Of a request with a body of this length, or in chunks, by somebody who has a good token."""
    told = "Transfer-Encoding: chunked\r\n" if length is None else f"Content-Length: {length}\r\n"
    lines = (
        "POST /api/v1/wallets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: {bearer()['Authorization']}\r\n{told}{more}\r\n"
    )
    return lines.encode()


async def tell(port: int, *parts: bytes, within: float = 10.0, gap: float = 0.0) -> Heard:
    """Send the parts, one after each `gap`, for as long as the connection bears it, and listen to its end."""
    started = time.perf_counter()
    with socket.socket() as connection:
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
        sending = asyncio.create_task(_send(connection, parts, gap))
        text, ended = await _listen(connection, within)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return Heard(statuses_in(text), text, time.perf_counter() - started, ended)


def statuses_in(text: bytes) -> tuple[int, ...]:
    """Of all answers on a connection."""
    return tuple(int(status) for status in _STATUS.findall(text))


async def _send(connection: socket.socket, parts: tuple[bytes, ...], gap: float) -> None:
    for part in parts:
        await asyncio.get_running_loop().sock_sendall(connection, part)
        if gap:
            await asyncio.sleep(gap)


async def _listen(connection: socket.socket, within: float) -> tuple[bytes, bool]:
    """What came, also when it came just before a connection was reset on which we still send."""
    text = b""
    try:
        async with asyncio.timeout(within):
            while chunk := await asyncio.get_running_loop().sock_recv(connection, 65_536):
                text += chunk
    except TimeoutError:
        return text, False
    except ConnectionError:
        return text, True
    return text, True
