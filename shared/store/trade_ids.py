"""Ids of trades: they sort in the order in which they were made, and cannot be guessed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TradeIds:
    """Makes ids; within one maker each sorts behind all earlier ones, even if the clock stands still."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._last = 0

    def next_id(self) -> str:
        """An id: 14 hexadecimal digits of microseconds, 16 of chance."""
        now = (self._clock() - _EPOCH) // timedelta(microseconds=1)
        self._last = max(now, self._last + 1)
        return f"{self._last:014x}{secrets.token_hex(8)}"
