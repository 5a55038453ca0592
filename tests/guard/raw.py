"""Requests as bytes on a connection, for what no HTTP client would send."""

from __future__ import annotations

import asyncio
import re
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
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sending = asyncio.create_task(_send(writer, parts, gap))
    text, ended = await _listen(reader, within)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    writer.transport.abort()
    return Heard(statuses_in(text), text, time.perf_counter() - started, ended)


def statuses_in(text: bytes) -> tuple[int, ...]:
    """Of all answers on a connection."""
    return tuple(int(status) for status in _STATUS.findall(text))


async def _send(writer: asyncio.StreamWriter, parts: tuple[bytes, ...], gap: float) -> None:
    for part in parts:
        writer.write(part)
        await writer.drain()
        if gap:
            await asyncio.sleep(gap)


async def _listen(reader: asyncio.StreamReader, within: float) -> tuple[bytes, bool]:
    text = b""
    try:
        async with asyncio.timeout(within):
            while chunk := await reader.read(65_536):
                text += chunk
    except TimeoutError:
        return text, False
    except ConnectionError:
        return text, True
    return text, True
