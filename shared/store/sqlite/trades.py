"""The Trades port on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from sqlite3 import Connection
from typing import Any

from ...core.trades import Trade
from ...errors import Conflict, DuplicateTrade, NotFound, PreconditionFailed
from ..account_ports import Era
from ..claims import KEEP_CHANGES
from ..codecs import position_of, require_distinct, row_trade, to_micros, trade_key, trade_row
from ..ports import Answer, Once, Order, Page, Position, StoredTrade, TradeFilter
from .answers import keep_answer, kept_answer
from .database import Database
from .erasures import require_era

_FIELDS = Trade._fields
ONE_ROW = f"({', '.join(_FIELDS)}, version) VALUES ({', '.join('?' * len(_FIELDS))}, 1)"
"""The columns of a new trade, and the places of what `trade_row` has for them."""
_INSERT = f"INSERT INTO trades {ONE_ROW}"
_CHANGES = ", ".join(f"{field} = ?" for field in _FIELDS)
_UPDATE = f"UPDATE trades SET {_CHANGES}, version = version + 1 WHERE id = ?"  # noqa: S608 (names of fields)
_EQUAL = ("side", "asset", "symbol", "status", "wallet", "chain")


class SqliteTrades:
    """Trades in a table, their pages read off its indexes."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add_trades(
        self, user: str, trades: Sequence[Trade], once: Once | None = None, *, era: Era | None = None
    ) -> Answer | None:
        require_distinct(user, trades)
        return await self._database.write(partial(_add, user, trades, once, era, self._clock()))

    async def page_trades(
        self,
        user: str,
        where: TradeFilter,
        *,
        order: Order = "desc",
        after: Position | None = None,
        limit: int = 50,
    ) -> Page[StoredTrade]:
        found = await self._database.read(partial(select_trades, user, where, order, after, limit + 1))
        rows = tuple(found[:limit])
        return Page(rows, position_of(rows[-1].trade) if len(found) > limit else None)

    async def get_trade(self, user: str, trade_id: str) -> StoredTrade:
        return await self._database.read(partial(_get, user, trade_id))

    async def replace_trade(self, user: str, trade: Trade, version: int) -> StoredTrade:
        require_distinct(user, [trade])
        return await self._database.write(partial(_replace, user, trade, version, self._clock()))

    async def delete_trade(self, user: str, trade_id: str, version: int | None = None) -> None:
        await self._database.write(partial(_delete, user, trade_id, version, self._clock()))


def select_trades(
    user: str,
    where: TradeFilter,
    order: Order,
    after: Position | None,
    limit: int,
    connection: Connection,
) -> list[StoredTrade]:
    """The trades behind a position: the index is entered there, nothing before it is read."""
    conditions, values = _conditions(user, where)
    if after is not None:
        conditions.append(f"(executed_at, id) {'>' if order == 'asc' else '<'} (?, ?)")
        values += [to_micros(after.at), after.id]
    query = (
        f"SELECT * FROM trades WHERE {' AND '.join(conditions)} "  # noqa: S608 (only words of this file)
        f"ORDER BY executed_at {order}, id {order} LIMIT ?"
    )
    return [stored_trade(row) for row in connection.execute(query, [*values, limit])]


def find_duplicate(user: str, trade: Trade, connection: Connection) -> str | None:
    """The id of the trade that has the same key."""
    key = trade_key(trade)
    if key is None:
        return None
    row = connection.execute(
        "SELECT id FROM trades WHERE user_id = ? AND chain = ? AND tx_hash = ? AND asset = ? AND side = ?",
        (user, *key),
    ).fetchone()
    return None if row is None else str(row[0])


def _conditions(user: str, where: TradeFilter) -> tuple[list[str], list[Any]]:
    conditions = ["user_id = ?"]
    values: list[Any] = [user]
    for field in _EQUAL:
        value = getattr(where, field)
        if value is not None:
            conditions.append(f"{field} = ?")
            values.append(value)
    if where.mismatched:
        conditions.append("json_extract(on_chain, '$.matches') = 0")
    for moment, sign in ((where.since, ">="), (where.until, "<")):
        if moment is not None:
            conditions.append(f"executed_at {sign} ?")
            values.append(to_micros(moment))
    return conditions, values


def stored_trade(row: Sequence[Any]) -> StoredTrade:
    """The trade of a row, all columns in their order."""
    *fields, version, on_chain = row
    return StoredTrade(row_trade([*fields, on_chain]), version)


def _add(
    user: str,
    trades: Sequence[Trade],
    once: Once | None,
    era: Era | None,
    now: datetime,
    connection: Connection,
) -> Answer | None:
    """Insert all trades, unless the claim has its answer already."""
    require_era(user, era, connection)
    if once is not None:
        known = kept_answer(user, once.claim, now, connection)
        if known is not None:
            return known
        keep_answer(user, once, now, connection)
    _insert(user, trades, connection)
    if trades:
        note_change(user, min(trade.executed_at for trade in trades), now, connection)
    return None


def _insert(user: str, trades: Sequence[Trade], connection: Connection) -> None:
    try:
        connection.executemany(_INSERT, map(trade_row, trades))
    except sqlite3.IntegrityError as error:
        for trade in trades:
            existing = find_duplicate(user, trade, connection)
            if existing is not None and existing != trade.id:
                raise DuplicateTrade(existing) from error
        raise Conflict("a trade with this id exists") from error


def _get(user: str, trade_id: str, connection: Connection) -> StoredTrade:
    query = "SELECT * FROM trades WHERE id = ? AND user_id = ?"
    row = connection.execute(query, (trade_id, user)).fetchone()
    if row is None:
        raise NotFound(f"there is no trade {trade_id}")
    return stored_trade(row)


def _replace(user: str, trade: Trade, version: int, now: datetime, connection: Connection) -> StoredTrade:
    kept = _get(user, trade.id, connection)
    _require_version(kept, version)
    existing = find_duplicate(user, trade, connection)
    if existing is not None and existing != trade.id:
        raise DuplicateTrade(existing)
    connection.execute(_UPDATE, [*trade_row(trade), trade.id])
    note_change(user, min(kept.trade.executed_at, trade.executed_at), now, connection)
    return StoredTrade(trade, version + 1)


def _delete(user: str, trade_id: str, version: int | None, now: datetime, connection: Connection) -> None:
    kept = _get(user, trade_id, connection)
    if version is not None:
        _require_version(kept, version)
    connection.execute("DELETE FROM trades WHERE id = ?", (trade_id,))
    note_change(user, kept.trade.executed_at, now, connection)


def _require_version(kept: StoredTrade, version: int) -> None:
    if kept.version != version:
        raise PreconditionFailed(f"trade {kept.trade.id} was changed in between")


def note_change(
    user: str, first: datetime, now: datetime, connection: Connection, *, imported: bool = False
) -> None:
    """Say from which time on the log is another one; what no checkpoint can need is forgotten."""
    connection.execute(
        "INSERT INTO changes (user_id, first, made_at, imported) VALUES (?, ?, ?, ?)",
        (user, to_micros(first), to_micros(now), imported),
    )
    connection.execute(
        "DELETE FROM changes WHERE user_id = ? AND made_at < ?", (user, to_micros(now - KEEP_CHANGES))
    )
