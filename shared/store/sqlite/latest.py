"""The Latest port on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from ...core.balances import Block
from ...core.fragments import Fragment, FragmentKey
from ...core.ids import Address
from ..codecs import from_micros, to_micros
from ..keeping import KEEP_LATEST
from ..run_codecs import pack_balances, unpack_balances
from ..run_ports import News
from .database import Database
from .feed import SqliteFeed

_PUT = """
INSERT INTO latest (wallet, chain, protocol, block_number, block_time, content, expires_at, sequence)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (wallet, chain, protocol) DO UPDATE SET block_number = excluded.block_number,
    block_time = excluded.block_time, content = excluded.content, expires_at = excluded.expires_at,
    sequence = excluded.sequence
WHERE excluded.block_number >= latest.block_number OR latest.expires_at <= ?
"""
_BY_KEY = """
SELECT wallet, chain, protocol, block_number, block_time, content, sequence FROM latest
WHERE wallet = ? AND chain = ? AND protocol = ? AND expires_at > ?
"""
_KNOWN = """
SELECT wallet, chain, protocol, block_number, block_time, content, sequence FROM latest
WHERE wallet = ? AND chain = ? AND expires_at > ?
"""
_BEHIND = """
SELECT wallet, chain, protocol, block_number, block_time, content, sequence FROM latest
WHERE wallet = ? AND sequence > ? AND expires_at > ?
"""


class SqliteLatest:
    """Fragments in a table, each until it expires."""

    def __init__(self, database: Database, feed: SqliteFeed, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._feed = feed
        self._clock = clock

    async def read_latest(self, keys: Sequence[FragmentKey]) -> Mapping[FragmentKey, Fragment]:
        return await self._database.read(partial(_read, keys, self._clock()))

    async def list_known(self, chain: str, wallets: Sequence[Address]) -> Mapping[FragmentKey, Fragment]:
        return await self._database.read(partial(_list_known, chain, wallets, self._clock()))

    async def list_latest(self, wallets: Sequence[Address], after: int = 0) -> News:
        return await self._database.read(partial(_list, wallets, after, self._clock()))

    async def put_latest(self, fragments: Sequence[Fragment]) -> int:
        written = await self._database.write(partial(_put, fragments, self._clock()), self._feed.committed)
        return len(written)


def _read(keys: Sequence[FragmentKey], now: datetime, connection: Connection) -> dict[FragmentKey, Fragment]:
    rows = (connection.execute(_BY_KEY, (*key, to_micros(now))).fetchone() for key in keys)
    return {fragment.key: fragment for fragment in (_fragment(*row) for row in rows if row is not None)}


def _list_known(
    chain: str, wallets: Sequence[Address], now: datetime, connection: Connection
) -> dict[FragmentKey, Fragment]:
    found = (
        _fragment(*row)
        for wallet in dict.fromkeys(wallets)
        for row in connection.execute(_KNOWN, (wallet, chain, to_micros(now)))
    )
    return {fragment.key: fragment for fragment in found}


def _list(wallets: Sequence[Address], after: int, now: datetime, connection: Connection) -> News:
    found = [
        _fragment(*row)
        for wallet in dict.fromkeys(wallets)
        for row in connection.execute(_BEHIND, (wallet, after, to_micros(now)))
    ]
    in_order = sorted(found, key=lambda fragment: (fragment.sequence, fragment.key))
    return News(tuple(in_order), max(after, _last_sequence(connection)))


def _put(fragments: Sequence[Fragment], now: datetime, connection: Connection) -> list[Fragment]:
    """Those that are kept from now on, each with the next sequence."""
    expires_at = to_micros(now + KEEP_LATEST)
    sequence = max(_last_sequence(connection) + 1, to_micros(now))
    written: list[Fragment] = []
    for fragment in fragments:
        block = fragment.block
        row = (*fragment.key, block.number, to_micros(block.time), pack_balances(fragment), expires_at)
        if connection.execute(_PUT, (*row, sequence, to_micros(now))).rowcount:
            written.append(fragment._replace(sequence=sequence))
            sequence += 1
    return written


def _last_sequence(connection: Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(sequence), 0) FROM latest").fetchone()[0])


def _fragment(
    wallet: Address, chain: str, protocol: str, number: int, time: int, content: bytes, sequence: int
) -> Fragment:
    block = Block(number, from_micros(time))
    return Fragment(wallet, chain, protocol, block, unpack_balances(content), sequence)
