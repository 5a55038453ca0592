"""Following a stream: whatever breaks, it goes on where it left off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from secrets import randbelow
from typing import NoReturn

from functions.watch_sources import Connect, Lost
from shared.terminal.events import EventParser, ServerEvent
from shared.terminal.watch_state import Watched
from shared.terminal.watch_told import EndTold, Told, parse_told

_FIRST_SECONDS = 2.0
_MOST_SECONDS = 60.0
_PARTS = 1_000


class Follower:
    """Hears a stream for what is watched, and comes back whenever it ends."""

    def __init__(
        self,
        connect: Connect,
        watched: Watched,
        stir: Callable[[], None],
        clock: Callable[[], datetime],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`stir` is called when there is something new to show."""
        self._connect = connect
        self._watched = watched
        self._stir = stir
        self._clock = clock
        self._sleep = sleep
        self._last_id = ""
        self._retry_seconds = _FIRST_SECONDS
        self._failures = 0

    async def run(self) -> NoReturn:
        """Follow for ever. Raises Refused, and CallerError, for what nobody answers."""
        while True:
            self._watched.connecting()
            self._stir()
            try:
                why, least = await self._listen(), self._retry_seconds
            except Lost as error:
                why, least = str(error), error.retry_after or 0
                self._failures += 1
            seconds = min(max(least, self._backoff()), _MOST_SECONDS)
            self._watched.lost(why, seconds, self._clock())
            self._stir()
            await self._sleep(seconds)

    async def _listen(self) -> str:
        """One connection, to the end that the server announces; its reason. Raises Lost for any other."""
        parser = EventParser(self._last_id)
        async with self._connect(self._last_id or None) as chunks:
            async for chunk in chunks:
                for event in _events(parser, chunk):
                    told = self._hear(event)
                    if parser.retry_ms is not None:
                        self._retry_seconds = parser.retry_ms / 1000
                    if isinstance(told, EndTold):
                        return f"the server ended the stream ({told.reason})"
        raise Lost("the server closed the connection")

    def _hear(self, event: ServerEvent) -> Told | None:
        try:
            told = parse_told(event)
        except ValueError as error:
            raise Lost(f"the server's {event.name!r} is not understood") from error
        self._watched.hear(told, self._clock())
        self._last_id = event.id
        self._failures = 0
        self._stir()
        return told

    def _backoff(self) -> float:
        """Longer after each failure in a row, and never the same for all who lost their connection."""
        if not self._failures:
            return 0
        longest = min(self._retry_seconds * 2.0 ** min(self._failures - 1, 10), _MOST_SECONDS)
        return longest * (_PARTS + randbelow(_PARTS)) / (2 * _PARTS)


def _events(parser: EventParser, chunk: bytes) -> list[ServerEvent]:
    try:
        return list(parser.feed(chunk))
    except ValueError as error:
        raise Lost(str(error)) from error
