"""Reading an archive back: found, verified to the last row, and only then written into a store.

The reports are not written: they are worked out of the trades again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from itertools import groupby, islice
from typing import NamedTuple, TypeVar

from ..archive.parquet import read_parquet
from ..archive.ports import Objects
from ..core.archive_manifest import ArchiveFile, Manifest
from ..core.archive_names import is_archive_id
from ..core.archive_tables import TABLES, Row, TableName
from ..core.trades import Trade
from ..errors import ArchiveBroken, Conflict, NotFound
from ..store.account_ports import mark_of
from ..store.ports import Store, TradeFilter
from .archive_csv import count_rows
from .archive_erasures import told_by_archives, told_by_store
from .archive_export import find_manifest
from .archive_rows import row_snapshot, row_trade, row_wallet

T = TypeVar("T")

_TRADES_AT_ONCE = 500  # as many as add_trades takes
_SNAPSHOTS_AT_ONCE = 50


_READERS: Mapping[TableName, Callable[[Row], object]] = {
    "wallets": row_wallet,
    "trades": row_trade,
    "snapshots": row_snapshot,
}


class Restored(NamedTuple):
    """How many of each were written; what was there already is not counted."""

    wallets: int
    trades: int
    snapshots: int
    erased: int = 0
    """How many users are known to have been erased since the archive was begun: they are left out."""


async def find_archive(archive_id: str | None, objects: Objects) -> Manifest:
    """The archive of this id, or the latest that is whole. Raises NotFound, and ArchiveBroken."""
    if archive_id is not None:
        found = await find_manifest(archive_id, objects)
        if found is None:
            raise NotFound(f"there is no archive {archive_id} that is whole")
        return found
    for name in reversed(await objects.list_folders()):
        latest = await find_manifest(name, objects) if is_archive_id(name) else None
        if latest is not None:
            return latest
    raise NotFound("there is no archive that is whole")


async def verify_archive(manifest: Manifest, objects: Objects) -> None:
    """Read everything: every hash, every count, every row. Raises ArchiveBroken, naming the file."""
    for file in manifest.files:
        content = await _read(file, objects)
        await asyncio.to_thread(_check_rows, file, content)


async def is_empty(store: Store) -> bool:
    """Whether nobody keeps anything in the store."""
    return not await store.owners.page_users(None, 1)


async def restore_archive(
    manifest: Manifest, objects: Objects, store: Store, without: Collection[str] = ()
) -> Restored:
    """Write what a verified archive has and the store has not; what the store has stays as it is.

    So it can be done again after it was cut off. Nothing is written of users who were erased since the
    archive was begun, as the store or any archive knows, nor of those `without`, by their ids or their marks.
    Trades begin at version 1. Raises ArchiveBroken for what changed since it was verified, and Unavailable.
    """
    known = await told_by_archives(manifest, objects)
    erased = known
    added: dict[TableName, int] = {}
    for table, add in _WRITERS.items():
        added[table] = 0
        for file in manifest.files_of(table):
            rows = await _rows(file, objects)
            erased = known | await told_by_store(manifest, store)
            added[table] += await add(_of_others(file, rows, erased.union(without)), store)
    return Restored(added["wallets"], added["trades"], added["snapshots"], len(erased))


async def _read(file: ArchiveFile, objects: Objects) -> bytes:
    """The content of a file, which is what the manifest says."""
    content = await objects.read_object(file.name)
    if content is None:
        raise ArchiveBroken(f"{file.name} is missing")
    if len(content) != file.bytes or sha256(content).hexdigest() != file.sha256:
        raise ArchiveBroken(f"{file.name} is not what was written: its SHA-256 differs from the manifest's")
    return content


def _check_rows(file: ArchiveFile, content: bytes) -> None:
    if file.format == "csv":
        found = count_rows(content)
    else:
        rows = _understood(file, content)
        found = len(rows)
    if found != file.rows:
        raise ArchiveBroken(f"{file.name} has {found} rows, not {file.rows} as the manifest says")


def _understood(file: ArchiveFile, content: bytes) -> list[Row]:
    """The rows of a Parquet file, each of which can be read."""
    rows = read_parquet(TABLES[file.table], content)
    if file.table in _READERS:
        for row in rows:
            _READERS[file.table](row)
    return rows


async def _rows(file: ArchiveFile, objects: Objects) -> list[Row]:
    content = await _read(file, objects)
    return await asyncio.to_thread(read_parquet, TABLES[file.table], content)


def _of_others(file: ArchiveFile, rows: Sequence[Row], without: Collection[str]) -> list[Row]:
    """The rows of users who are named neither by their ids nor by their marks."""
    owner = [column.name for column in TABLES[file.table].columns].index("user_id")
    users = {str(row[owner]) for row in rows}
    left = {user for user in users if user not in without and mark_of(user) not in without}
    return [row for row in rows if row[owner] in left]


async def _add_wallets(rows: Sequence[Row], store: Store) -> int:
    added = 0
    for user, wallet in map(row_wallet, rows):
        with suppress(Conflict):  # it is there already
            await store.wallets.add_wallet(user, wallet)
            added += 1
    return added


async def _add_trades(rows: Sequence[Row], store: Store) -> int:
    added = 0
    for user, owned in groupby(map(row_trade, rows), lambda trade: trade.user_id):
        for portion in _portions(owned, _TRADES_AT_ONCE):
            missing = await _missing(user, portion, store)
            added += await _add_all_or_halves(user, missing, store)
    return added


async def _missing(user: str, trades: Sequence[Trade], store: Store) -> list[Trade]:
    """Those that an earlier attempt did not write: it kept their times."""
    period = TradeFilter(since=trades[0].executed_at, until=trades[-1].executed_at + timedelta.resolution)
    there = {trade.id async for chunk in store.log.read_trades(user, period) for trade in chunk}
    return [trade for trade in trades if trade.id not in there]


async def _add_all_or_halves(user: str, trades: Sequence[Trade], store: Store) -> int:
    """How many are new: what stands against one of them must not keep the others out."""
    if not trades:
        return 0
    try:
        await store.trades.add_trades(user, trades)
    except Conflict:
        half = len(trades) // 2
        if not half:
            return 0
        first = await _add_all_or_halves(user, trades[:half], store)
        return first + await _add_all_or_halves(user, trades[half:], store)
    return len(trades)


async def _add_snapshots(rows: Sequence[Row], store: Store) -> int:
    added = 0
    for portion in _portions(map(row_snapshot, rows), _SNAPSHOTS_AT_ONCE):
        added += await store.run_snapshots.add_snapshots(portion)
    return added


def _portions(values: Iterator[T], most: int) -> Iterator[list[T]]:
    while portion := list(islice(values, most)):
        yield portion


_WRITERS: Mapping[TableName, Callable[[Sequence[Row], Store], Awaitable[int]]] = {
    "wallets": _add_wallets,
    "trades": _add_trades,
    "snapshots": _add_snapshots,
}
