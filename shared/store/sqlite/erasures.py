"""The Erasures port on SQLite."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from ..account_ports import Era, Erased, Kind, mark_of
from ..claims import ErasedMeanwhile
from ..codecs import from_micros, to_micros
from ..keeping import KEEP_ERASURE, LONGEST_REQUEST
from .database import Database

_AT_ONCE = 2000
_ERAS = 2**62
# The assets of a snapshot go with it.
_TABLES: dict[Kind, str] = {
    "trades": "trades",
    "snapshots": "snapshots",
    "answers": "answers",
    "checkpoints": "checkpoints",
    "changes": "changes",
}
_OF_RUNS = ("run_pages", "parts")


class SqliteErasures:
    """A user's rows, some of each table in one transaction, overwritten with zeros."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def mark_erased(self, user: str, at: datetime) -> None:
        await self._database.write(partial(_mark, user, at, self._clock()))

    async def read_era(self, user: str) -> Era:
        return await self._database.read(partial(_era, user))

    async def list_marks(self, since: datetime) -> Mapping[str, datetime]:
        return await self._database.read(partial(_marks, since))

    async def erase_some(self, user: str) -> Erased:
        erased = await self._database.write(partial(_erase, user))
        if not erased.found:
            await self._database.tidy()
        return erased


def is_erased(user: str, now: datetime, connection: Connection) -> bool:
    """Whether the user was erased while a request that is at work now may have been at work."""
    query = "SELECT 1 FROM erasures WHERE mark = ? AND erased_at > ?"
    since = to_micros(now - LONGEST_REQUEST)
    return connection.execute(query, (mark_of(user), since)).fetchone() is not None


def require_era(user: str, era: Era | None, connection: Connection) -> None:
    """To be called in the transaction of a write that began in an era. Raises ErasedMeanwhile."""
    if era is not None and _era(user, connection) != era:
        raise ErasedMeanwhile


def _era(user: str, connection: Connection) -> Era:
    query = "SELECT era FROM erasures WHERE mark = ?"
    row = connection.execute(query, (mark_of(user),)).fetchone()
    return Era(0 if row is None else row[0])


def _mark(user: str, at: datetime, now: datetime, connection: Connection) -> None:
    connection.execute("DELETE FROM erasures WHERE expires_at <= ?", (to_micros(now),))
    connection.execute(
        """INSERT INTO erasures (mark, erased_at, expires_at, era) VALUES (?, ?, ?, ?)
           ON CONFLICT (mark) DO UPDATE SET erased_at = max(erased_at, excluded.erased_at),
           expires_at = excluded.expires_at, era = excluded.era""",
        (mark_of(user), to_micros(at), to_micros(now + KEEP_ERASURE), _new_era()),
    )


def _new_era() -> int:
    """Like none before it, also where the mark of the one before has expired; never 0."""
    return 1 + secrets.randbelow(_ERAS)


def _marks(since: datetime, connection: Connection) -> Mapping[str, datetime]:
    query = "SELECT mark, erased_at FROM erasures WHERE erased_at >= ?"
    rows = connection.execute(query, (to_micros(since),))
    return {mark: from_micros(erased_at) for mark, erased_at in rows}


def _erase(user: str, connection: Connection) -> Erased:
    gone: dict[Kind, int] = {
        "wallets": connection.execute("DELETE FROM wallets WHERE user_id = ?", (user,)).rowcount,
        "runs": _erase_runs(user, connection),
    }
    for kind, table in _TABLES.items():
        delete = (
            f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608 (only words of this file)
            f"(SELECT rowid FROM {table} WHERE user_id = ? LIMIT ?)"
        )
        gone[kind] = connection.execute(delete, (user, _AT_ONCE)).rowcount
    return Erased(gone, any(gone.values()))


def _erase_runs(user: str, connection: Connection) -> int:
    query = "SELECT id FROM runs WHERE user_id = ? LIMIT ?"
    runs = connection.execute(query, (user, _AT_ONCE)).fetchall()
    for table in (*_OF_RUNS, "runs"):
        name = "id" if table == "runs" else "run_id"
        connection.executemany(f"DELETE FROM {table} WHERE {name} = ?", runs)  # noqa: S608 (words of this file)
    return len(runs)
