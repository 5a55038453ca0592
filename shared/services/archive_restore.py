"""Reading an archive back: found, verified to the last row, and only then written into a store.

The reports are not written: they are worked out of the trades again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
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
from ..store.account_ports import Era, mark_of
from ..store.claims import ErasedMeanwhile
from ..store.keeping import KEEP_ERASURE
from ..store.ports import Store, TradeFilter
from .archive_csv import count_rows
from .archive_erasures import add_marks, told_by_archives
from .archive_export import find_manifest
from .archive_rows import row_snapshot, row_trade, row_wallet

T = TypeVar("T")

_TRADES_AT_ONCE = 500  # as many as add_trades takes
_SNAPSHOTS_AT_ONCE = 50
_CLOCK_SKEW = timedelta(minutes=1)

_MADE: Mapping[TableName, str] = {"wallets": "created_at", "trades": "created_at", "snapshots": "timestamp"}
"""The column that says when a row was made: by the server's clock, whatever the user said."""
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
    """How many users are known to have been erased behind what the archive has of them: that is left out."""


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


async def find_named(manifest: Manifest, objects: Objects, names: Collection[str]) -> Mapping[str, str]:
    """Those of the names, ids or marks, of whom a verified archive has anything to restore, and their ids.

    Raises ArchiveBroken and Unavailable.
    """
    found: dict[str, str] = {}
    for file in (file for table in _WRITERS for file in manifest.files_of(table)):
        users = _users_of(file, await _rows(file, objects))
        found |= {name: user for user in users for name in (user, mark_of(user)) if name in names}
    return found


async def restore_archive(
    manifest: Manifest, objects: Objects, store: Store, without: Collection[str] = ()
) -> Restored:
    """Write what a verified archive has and the store has not; what the store has stays as it is.

    So it can be done again after it was cut off. Nothing is written that was made before its user was
    erased, as the store or any archive knows, whenever the archive was begun: an erasure may have been under
    way. What the user began anew is written, but of an archive that was begun before the erasure or within a
    minute of it only what was made more than that minute later: two machines' clocks may differ so much.
    Who is erased meanwhile is left out. Nothing is written of those `without`, by their ids or their marks.
    Trades begin at version 1. Raises ArchiveBroken for what changed since it was verified, and Unavailable.
    """
    marks = await told_by_archives(objects)
    since = manifest.started_at - KEEP_ERASURE
    added: dict[TableName, int] = {}
    erased: set[str] = set()
    for table, add in _WRITERS.items():
        added[table] = 0
        for file in manifest.files_of(table):
            rows = _of_others(file, await _rows(file, objects), without)
            # Before the marks: whoever is erased behind this look at them is so in another era.
            eras = {user: await store.erasures.read_era(user) for user in _users_of(file, rows)}
            add_marks(marks, await store.erasures.list_marks(since))
            since = max(since, manifest.started_at)  # from now on, who is erased meanwhile
            left, gone = _split(file, rows, _ends(marks, manifest.started_at))
            erased |= _users_of(file, gone)
            for user, own in _by_user(file, left):
                try:
                    added[table] += await add(user, own, store, eras[user])
                except ErasedMeanwhile:
                    erased.add(user)
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
    owner = _column(file, "user_id")
    users = _users_of(file, rows)
    left = {user for user in users if user not in without and mark_of(user) not in without}
    return [row for row in rows if row[owner] in left]


def _ends(marks: Mapping[str, datetime], begun_at: datetime) -> Mapping[str, datetime]:
    """By mark, up to when an archive that was begun at a time may have rows of before the erasure."""
    return {mark: at if begun_at > at + _CLOCK_SKEW else at + _CLOCK_SKEW for mark, at in marks.items()}


def _split(
    file: ArchiveFile, rows: Sequence[Row], ends: Mapping[str, datetime]
) -> tuple[list[Row], list[Row]]:
    """The rows to write, and those that were made before the last erasure of their users ended."""
    owner, made = _column(file, "user_id"), _column(file, _MADE[file.table])
    erased = {user: ends[mark] for user in _users_of(file, rows) if (mark := mark_of(user)) in ends}
    left: list[Row] = []
    gone: list[Row] = []
    for row in rows:
        made_at, erased_at = row[made], erased.get(str(row[owner]))
        assert isinstance(made_at, datetime)  # the column is of this kind, and never empty
        (left if erased_at is None or made_at > erased_at else gone).append(row)
    return left, gone


def _users_of(file: ArchiveFile, rows: Sequence[Row]) -> set[str]:
    owner = _column(file, "user_id")
    return {str(row[owner]) for row in rows}


def _by_user(file: ArchiveFile, rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Each user's rows, which stand together."""
    owner = _column(file, "user_id")
    for user, own in groupby(rows, lambda row: str(row[owner])):
        yield user, list(own)


def _column(file: ArchiveFile, name: str) -> int:
    return [column.name for column in TABLES[file.table].columns].index(name)


async def _add_wallets(user: str, rows: Sequence[Row], store: Store, era: Era) -> int:
    added = 0
    for _, wallet in map(row_wallet, rows):
        try:
            await store.wallets.add_wallet(user, wallet, era=era)
        except ErasedMeanwhile:
            raise
        except Conflict:
            continue  # It is there already.
        added += 1
    return added


async def _add_trades(user: str, rows: Sequence[Row], store: Store, era: Era) -> int:
    added = 0
    for portion in _portions(map(row_trade, rows), _TRADES_AT_ONCE):
        missing = await _missing(user, portion, store)
        added += await _add_all_or_halves(user, missing, store, era)
    return added


async def _missing(user: str, trades: Sequence[Trade], store: Store) -> list[Trade]:
    """Those that an earlier attempt did not write: it kept their times."""
    period = TradeFilter(since=trades[0].executed_at, until=trades[-1].executed_at + timedelta.resolution)
    there = {trade.id async for chunk in store.log.read_trades(user, period) for trade in chunk}
    return [trade for trade in trades if trade.id not in there]


async def _add_all_or_halves(user: str, trades: Sequence[Trade], store: Store, era: Era) -> int:
    """How many are new: what stands against one of them must not keep the others out."""
    if not trades:
        return 0
    try:
        await store.trades.add_trades(user, trades, era=era)
    except ErasedMeanwhile:
        raise
    except Conflict:
        half = len(trades) // 2
        if not half:
            return 0
        first = await _add_all_or_halves(user, trades[:half], store, era)
        return first + await _add_all_or_halves(user, trades[half:], store, era)
    return len(trades)


async def _add_snapshots(_user: str, rows: Sequence[Row], store: Store, era: Era) -> int:
    added = 0
    for portion in _portions(map(row_snapshot, rows), _SNAPSHOTS_AT_ONCE):
        added += await store.run_snapshots.add_snapshots(portion, era=era)
    return added


def _portions(values: Iterator[T], most: int) -> Iterator[list[T]]:
    while portion := list(islice(values, most)):
        yield portion


_WRITERS: Mapping[TableName, Callable[[str, Sequence[Row], Store, Era], Awaitable[int]]] = {
    "wallets": _add_wallets,
    "trades": _add_trades,
    "snapshots": _add_snapshots,
}
