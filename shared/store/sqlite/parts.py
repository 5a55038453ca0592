"""The Parts port on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from ...core.runs import Part, PartKey, Progress
from ..codecs import to_micros
from ..keeping import KEEP_PART
from ..run_codecs import pack_part, unpack_part
from .database import Database
from .runs import is_gone


class SqliteParts:
    """Parts in a table, each packed."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add_part(self, part: Part) -> bool:
        expires_at = self._clock() + KEEP_PART
        return await self._database.write(partial(_add, part, pack_part(part), expires_at))

    async def count_parts(self, run_id: str, group: int) -> int:
        return await self._database.read(partial(_count, run_id, group))

    async def read_parts(self, run_id: str, keys: Collection[PartKey]) -> Mapping[PartKey, Part]:
        return await self._database.read(partial(_read, run_id, keys))

    async def list_keys(self, run_id: str, first_group: int, last_group: int) -> frozenset[PartKey]:
        return await self._database.read(partial(_keys, run_id, first_group, last_group))

    async def read_progress(self, run_id: str) -> Progress:
        return await self._database.read(partial(_progress, run_id))


def _add(part: Part, packed: bytes, expires_at: datetime, connection: Connection) -> bool:
    if is_gone(part.run_id, connection):
        return False
    row = (part.run_id, *part.key, part.state, packed, to_micros(expires_at))
    return bool(connection.execute("INSERT OR IGNORE INTO parts VALUES (?, ?, ?, ?, ?, ?)", row).rowcount)


def _count(run_id: str, group: int, connection: Connection) -> int:
    query = "SELECT COUNT(*) FROM parts WHERE run_id = ? AND group_number = ?"
    return int(connection.execute(query, (run_id, group)).fetchone()[0])


def _read(run_id: str, keys: Collection[PartKey], connection: Connection) -> dict[PartKey, Part]:
    query = "SELECT state, content FROM parts WHERE run_id = ? AND group_number = ? AND chain = ?"
    found = ((key, connection.execute(query, (run_id, *key)).fetchone()) for key in keys)
    return {key: unpack_part(run_id, key, *row) for key, row in found if row is not None}


def _keys(run_id: str, first_group: int, last_group: int, connection: Connection) -> frozenset[PartKey]:
    query = "SELECT group_number, chain FROM parts WHERE run_id = ? AND group_number BETWEEN ? AND ?"
    return frozenset(PartKey(*row) for row in connection.execute(query, (run_id, first_group, last_group)))


def _progress(run_id: str, connection: Connection) -> Progress:
    by_state = "SELECT state, COUNT(*) FROM parts WHERE run_id = ? GROUP BY state"
    parts: dict[str, int] = dict(connection.execute(by_state, (run_id,)).fetchall())
    (kept,) = connection.execute("SELECT COUNT(*) FROM snapshots WHERE run_id = ?", (run_id,)).fetchone()
    incomplete = "SELECT COUNT(*) FROM snapshots WHERE run_id = ? AND complete = 0"
    (lacking,) = connection.execute(incomplete, (run_id,)).fetchone()
    return Progress(parts.get("read", 0), parts.get("failed", 0), int(kept), int(lacking))
