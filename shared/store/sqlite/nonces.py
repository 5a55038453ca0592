"""The Nonces port on SQLite."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from ..codecs import to_micros
from .database import Database


class SqliteNonces:
    """Used nonces in a table, each until it expires."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def use_nonce(self, nonce: str, until: datetime) -> bool:
        return await self._database.write(partial(_use, nonce, until, self._clock()))


def _use(nonce: str, until: datetime, now: datetime, connection: Connection) -> bool:
    connection.execute("DELETE FROM nonces WHERE expires_at <= ?", (to_micros(now),))
    used = connection.execute("INSERT OR IGNORE INTO nonces VALUES (?, ?)", (nonce, to_micros(until)))
    return bool(used.rowcount)
