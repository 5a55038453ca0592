"""The TradeLog and Checkpoints ports on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from ...core.trades import Trade
from ..claims import KEEP_CHECKPOINT
from ..codecs import event_names, from_micros, pack, position_of, to_micros, unpack
from ..ports import Position, SavedCheckpoint, TradeFilter
from .database import Database
from .erasures import is_erased
from .trades import select_trades

_CHUNK = 1000


class SqliteTradeLog:
    """The whole log in chunks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_trades(
        self, user: str, where: TradeFilter | None = None, after: Position | None = None
    ) -> AsyncIterator[tuple[Trade, ...]]:
        full = True
        while full:
            select = partial(select_trades, user, where or TradeFilter(), "asc", after, _CHUNK)
            found = await self._database.read(select)
            if found:
                yield tuple(stored.trade for stored in found)
                after = position_of(found[-1].trade)
            full = len(found) == _CHUNK

    async def read_revision(self, user: str) -> str:
        return await self._database.read(partial(_revision, user))

    async def joins_earlier(self, user: str, trades: Sequence[Trade], boundary: datetime) -> bool:
        return await self._database.read(partial(_joins_earlier, user, trades, boundary))


class SqliteCheckpoints:
    """Checkpoints in a table, judged by the changes since."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def save_checkpoint(self, user: str, name: str, checkpoint: SavedCheckpoint) -> None:
        await self._database.write(partial(_save, user, name, checkpoint, self._clock()))

    async def load_checkpoint(self, user: str, name: str) -> SavedCheckpoint | None:
        return await self._database.read(partial(_load, user, name, self._clock()))


def _revision(user: str, connection: Connection) -> str:
    query = "SELECT COALESCE(MAX(revision), 0) FROM changes WHERE user_id = ?"
    return str(connection.execute(query, (user,)).fetchone()[0])


def _save(user: str, name: str, checkpoint: SavedCheckpoint, now: datetime, connection: Connection) -> None:
    if is_erased(user, now, connection):
        return
    revision, boundary, state = checkpoint
    connection.execute(
        "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?)",
        (user, name, int(revision), to_micros(boundary), pack(state), to_micros(now)),
    )


def _load(user: str, name: str, now: datetime, connection: Connection) -> SavedCheckpoint | None:
    row = connection.execute(
        """SELECT revision, boundary, state FROM checkpoints AS kept
           WHERE user_id = ? AND name = ? AND saved_at > ? AND NOT EXISTS (
               SELECT 1 FROM changes WHERE changes.user_id = kept.user_id
               AND changes.revision > kept.revision AND changes.first <= kept.boundary)""",
        (user, name, to_micros(now - KEEP_CHECKPOINT)),
    ).fetchone()
    if row is None:
        return None
    revision, boundary, state = row
    return SavedCheckpoint(str(revision), from_micros(boundary), unpack(state))


def _joins_earlier(user: str, trades: Sequence[Trade], boundary: datetime, connection: Connection) -> bool:
    by_link = "SELECT 1 FROM trades WHERE user_id = ? AND link = ? AND executed_at <= ? LIMIT 1"
    by_transaction = "SELECT 1 FROM trades WHERE user_id = ? AND tx_hash = ? AND executed_at <= ? LIMIT 1"
    links, hashes = event_names(trades)
    asked = [(by_link, link) for link in links] + [(by_transaction, tx_hash) for tx_hash in hashes]
    at = to_micros(boundary)
    return any(connection.execute(query, (user, name, at)).fetchone() for query, name in asked)
