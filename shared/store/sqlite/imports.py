"""The Imports port on SQLite: staged where nobody waits for it, then kept in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from sqlite3 import Connection
from typing import Any

from ...core.trades import Trade
from ...errors import Conflict, DuplicateTrade
from ..account_ports import Era
from ..claims import ImportOvertaken
from ..codecs import from_micros, require_distinct, to_micros, trade_row
from ..ports import Answer, Once
from .answers import keep_answer, kept_answer
from .database import Database
from .erasures import require_era
from .trades import ONE_ROW, find_duplicate, note_change, stored_trade

_CHUNK = 1000
_MOMENTS = 500
_STAGE = f"INSERT INTO temp.staged {ONE_ROW}"
_Place = tuple[int, str]


class SqliteImports:
    """The rows of a file wait in a temporary table until all are there."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def find_duplicates(self, user: str, trades: Sequence[Trade]) -> Mapping[str, str]:
        return await self._database.read(partial(_duplicates, user, trades))

    async def read_moments(self, user: str, moments: Sequence[datetime]) -> AsyncIterator[tuple[Trade, ...]]:
        for start in range(0, len(moments), _MOMENTS):
            asked = [to_micros(moment) for moment in moments[start : start + _MOMENTS]]
            after: _Place = (min(asked), "")
            full = True
            while full:
                rows = await self._database.read(partial(_rows_at, user, asked, after))
                if rows:
                    yield tuple(stored_trade(row).trade for row in rows)
                    after = _place(rows[-1])
                full = len(rows) == _CHUNK

    async def import_trades(
        self,
        user: str,
        chunks: Iterable[Sequence[Trade]],
        once: Once | None = None,
        *,
        since: str | None = None,
        era: Era | None = None,
    ) -> Answer | None:
        now = self._clock()
        if once is not None:
            known = await self._database.read(partial(kept_answer, user, once.claim, now))
            if known is not None:
                return known
        keep = partial(_keep, user, once, since, era, now)
        return await self._database.write_staged(partial(_stage, user, chunks), keep, _clear)


def _duplicates(user: str, trades: Sequence[Trade], connection: Connection) -> dict[str, str]:
    found = ((trade.id, find_duplicate(user, trade, connection)) for trade in trades)
    return {trade_id: existing for trade_id, existing in found if existing is not None}


def _rows_at(user: str, moments: Sequence[int], after: _Place, connection: Connection) -> list[Any]:
    marks = ", ".join("?" * len(moments))
    query = (
        f"SELECT * FROM trades WHERE user_id = ? AND executed_at IN ({marks}) "  # noqa: S608 (only question marks)
        "AND (executed_at, id) > (?, ?) ORDER BY executed_at, id LIMIT ?"
    )
    return connection.execute(query, [user, *moments, *after, _CHUNK]).fetchall()


def _place(row: Sequence[Any]) -> _Place:
    return row[Trade._fields.index("executed_at")], row[Trade._fields.index("id")]


def _stage(user: str, chunks: Iterable[Sequence[Trade]], connection: Connection) -> None:
    """Put all trades aside."""
    connection.execute("CREATE TEMP TABLE staged AS SELECT * FROM trades WHERE FALSE")
    for trades in chunks:
        require_distinct(user, trades)
        connection.execute("BEGIN")
        with connection:
            connection.executemany(_STAGE, map(trade_row, trades))


def _keep(
    user: str,
    once: Once | None,
    since: str | None,
    era: Era | None,
    now: datetime,
    connection: Connection,
) -> Answer | None:
    """Keep what is staged, unless the claim has its answer already."""
    require_era(user, era, connection)
    if once is not None:
        known = kept_answer(user, once.claim, now, connection)
        if known is not None:
            return known
        keep_answer(user, once, now, connection)
    if since is not None and _was_imported(user, int(since), connection):
        raise ImportOvertaken
    _insert(user, connection)
    (first,) = connection.execute("SELECT MIN(executed_at) FROM temp.staged").fetchone()
    if first is not None:
        note_change(user, from_micros(first), now, connection, imported=True)
    return None


def _clear(connection: Connection) -> None:
    connection.execute("DROP TABLE IF EXISTS temp.staged")


def _was_imported(user: str, since: int, connection: Connection) -> bool:
    query = "SELECT 1 FROM changes WHERE user_id = ? AND revision > ? AND imported LIMIT 1"
    return connection.execute(query, (user, since)).fetchone() is not None


def _insert(user: str, connection: Connection) -> None:
    try:
        connection.execute("INSERT INTO trades SELECT * FROM temp.staged")
    except sqlite3.IntegrityError as error:
        row = connection.execute(
            """SELECT kept.id FROM temp.staged AS new JOIN trades AS kept
               USING (user_id, tx_hash, chain, asset, side) WHERE user_id = ? LIMIT 1""",
            (user,),
        ).fetchone()
        if row is not None:
            raise DuplicateTrade(row[0]) from error
        raise Conflict("two of the trades are of one transaction, or a trade with this id exists") from error
