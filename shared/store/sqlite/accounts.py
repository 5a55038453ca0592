"""The Accounts port on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial
from sqlite3 import Connection
from typing import Any

from ...core.runs import Run
from ..account_ports import Change, KeptAnswer, KeptCheckpoint
from ..codecs import from_micros, unpack
from .database import Database
from .runs import RUN_FIELDS, row_run

_CHUNK = 500
_CHUNK_PACKED = 20


class SqliteAccounts:
    """A user's rows of each table, in the order in which they were written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_answers(self, user: str) -> AsyncIterator[tuple[KeptAnswer, ...]]:
        async for rows in self._rows("answers", "key, expires_at, status, body", user, _CHUNK_PACKED):
            yield tuple(
                KeptAnswer(key, from_micros(expires_at), status, b"" if body is None else unpack(body))
                for key, expires_at, status, body in rows
            )

    async def read_checkpoints(self, user: str) -> AsyncIterator[tuple[KeptCheckpoint, ...]]:
        async for rows in self._rows("checkpoints", "name, boundary, state", user, _CHUNK_PACKED):
            yield tuple(
                KeptCheckpoint(name, from_micros(boundary), unpack(state)) for name, boundary, state in rows
            )

    async def read_changes(self, user: str) -> AsyncIterator[tuple[Change, ...]]:
        async for rows in self._rows("changes", "first, made_at", user, _CHUNK):
            yield tuple(Change(from_micros(first), from_micros(made_at)) for first, made_at in rows)

    async def read_runs(self, user: str) -> AsyncIterator[tuple[Run, ...]]:
        async for rows in self._rows("runs", RUN_FIELDS, user, _CHUNK):
            yield tuple(map(row_run, rows))

    async def _rows(self, table: str, columns: str, user: str, chunk: int) -> AsyncIterator[list[Any]]:
        after = 0
        while rows := await self._database.read(partial(_select, table, columns, user, after, chunk)):
            after = rows[-1][0]
            yield [values for _, *values in rows]


def _select(
    table: str, columns: str, user: str, after: int, limit: int, connection: Connection
) -> list[Sequence[Any]]:
    query = (
        f"SELECT rowid, {columns} FROM {table} "  # noqa: S608 (only words of this file)
        "WHERE user_id = ? AND rowid > ? ORDER BY rowid LIMIT ?"
    )
    return connection.execute(query, (user, after, limit)).fetchall()
