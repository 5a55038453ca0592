"""Sends an answer while it is made, and stops making it when the caller leaves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import aclosing
from typing import Any

from .messages import Stream

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 60.0


async def send_stream(
    response: Stream,
    receive: Receive,
    send: Send,
    *,
    with_body: bool = True,
    patience: float = _PATIENCE_SECONDS,
) -> None:
    """Send the chunks as they come, and the end behind the last one.

    What fails on the way is logged and the end is not sent: the server then breaks the connection off, so
    that nobody takes half an answer for the whole. So it ends for a reader who takes nothing for `patience`
    seconds. Nothing is raised: the status has been sent long since.
    """
    if not with_body:
        await response.chunks.aclose()
        await send({"type": "http.response.body", "body": b""})
        return
    sending = asyncio.ensure_future(_send_chunks(response, _send_within(patience, send)))
    leaving = asyncio.ensure_future(_until_disconnect(receive))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
        leaving.cancel()
        outcome, _ = await asyncio.gather(sending, leaving, return_exceptions=True)
    if isinstance(outcome, Exception):
        logger.error("an answer broke off after %d bytes", response.sent, exc_info=outcome)


async def _send_chunks(response: Stream, send: Send) -> None:
    async with aclosing(response.chunks) as chunks:
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            response.sent += len(chunk)
    await send({"type": "http.response.body", "body": b""})


def _send_within(seconds: float, send: Send) -> Send:
    """Sends like `send`, and raises TimeoutError for what nobody takes in so many seconds."""

    async def send_or_give_up(message: MutableMapping[str, Any]) -> None:
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                await send(message)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeoutError(f"the reader took nothing for {seconds:g} s") from error

    return send_or_give_up


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
