"""The Latest port on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from ...core.balances import Block
from ...core.fragments import Fragment, FragmentKey
from ..codecs import from_micros, to_micros
from ..keeping import KEEP_LATEST
from ..run_codecs import pack_balances, unpack_balances
from .database import Database

_PUT = """
INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (wallet, chain, protocol) DO UPDATE SET block_number = excluded.block_number,
    block_time = excluded.block_time, content = excluded.content, expires_at = excluded.expires_at
WHERE excluded.block_number > latest.block_number OR latest.expires_at <= ?
"""


class SqliteLatest:
    """Fragments in a table, each until it expires."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def read_latest(self, keys: Sequence[FragmentKey]) -> Mapping[FragmentKey, Fragment]:
        return await self._database.read(partial(_read, keys, self._clock()))

    async def put_latest(self, fragments: Sequence[Fragment]) -> int:
        return await self._database.write(partial(_put, fragments, self._clock()))


def _read(keys: Sequence[FragmentKey], now: datetime, connection: Connection) -> dict[FragmentKey, Fragment]:
    query = """SELECT block_number, block_time, content FROM latest
               WHERE wallet = ? AND chain = ? AND protocol = ? AND expires_at > ?"""
    found: dict[FragmentKey, Fragment] = {}
    for key in keys:
        row = connection.execute(query, (*key, to_micros(now))).fetchone()
        if row is not None:
            number, time, content = row
            found[key] = Fragment(*key, Block(number, from_micros(time)), unpack_balances(content))
    return found


def _put(fragments: Sequence[Fragment], now: datetime, connection: Connection) -> int:
    expires_at = to_micros(now + KEEP_LATEST)
    written = 0
    for fragment in fragments:
        block = fragment.block
        row = (*fragment.key, block.number, to_micros(block.time), pack_balances(fragment), expires_at)
        written += connection.execute(_PUT, (*row, to_micros(now))).rowcount
    return written
