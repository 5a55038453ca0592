"""The Snapshots port on SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from sqlite3 import Connection
from typing import Any

from ...core.snapshots import Snapshot
from ..buckets import bucket
from ..codecs import (
    errors_text,
    from_micros,
    money_text,
    pack_assets,
    parse_errors,
    to_micros,
    unpack_assets,
)
from ..ports import Order, Page, Position, SnapshotFilter
from .database import Database


class SqliteSnapshots:
    """Snapshots in a table, their assets in another, so that lists do not read them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_snapshot(self, user: str, snapshot: Snapshot) -> None:
        await self._database.write(partial(insert_snapshot, user, snapshot))

    async def page_snapshots(
        self,
        user: str,
        where: SnapshotFilter,
        *,
        order: Order = "desc",
        after: Position | None = None,
        limit: int = 50,
        with_assets: bool = False,
    ) -> Page[Snapshot]:
        return await self._database.read(partial(_page, user, where, order, after, limit, with_assets))


def insert_snapshot(user: str, snapshot: Snapshot, connection: Connection) -> bool:
    """Keep a snapshot with its assets; False if one is kept under its id already."""
    inserted = connection.execute(
        "INSERT OR IGNORE INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(user, snapshot.id, to_micros(snapshot.timestamp), money_text(snapshot.total_usd)),
            *(int(snapshot.complete), errors_text(snapshot.errors), snapshot.run_id),
        ),
    )
    if inserted.rowcount:
        connection.execute(
            "INSERT INTO snapshot_assets VALUES (?, ?, ?)", (user, snapshot.id, pack_assets(snapshot))
        )
    return bool(inserted.rowcount)


def _page(
    user: str,
    where: SnapshotFilter,
    order: Order,
    after: Position | None,
    limit: int,
    with_assets: bool,
    connection: Connection,
) -> Page[Snapshot]:
    if where.interval == "raw":
        found = _select(user, where, order, after, limit + 1, connection)
    else:
        walk = _backwards if order == "desc" else _forwards
        found = list(islice(walk(user, where, after, connection), limit + 1))
    rows = found[:limit]
    if with_assets:
        rows = [_with_assets(user, snapshot, connection) for snapshot in rows]
    return Page(tuple(rows), Position(rows[-1].timestamp, rows[-1].id) if len(found) > limit else None)


def _backwards(
    user: str, where: SnapshotFilter, after: Position | None, connection: Connection
) -> Iterator[Snapshot]:
    """The last snapshot of each bucket, latest first: one look into the index for each."""
    if after is not None:
        where = _before(where, bucket(where.interval, after.at)[0])
    while found := _select(user, where, "desc", None, 1, connection):
        yield found[0]
        where = _before(where, bucket(where.interval, found[0].timestamp)[0])


def _forwards(
    user: str, where: SnapshotFilter, after: Position | None, connection: Connection
) -> Iterator[Snapshot]:
    """The last snapshot of each bucket, earliest first: two looks into the index for each."""
    if after is not None:
        where = _from(where, bucket(where.interval, after.at)[1])
    while found := _select(user, where, "asc", None, 1, connection):
        end = bucket(where.interval, found[0].timestamp)[1]
        yield _select(user, _before(where, end), "desc", None, 1, connection)[0]
        where = _from(where, end)


def _before(where: SnapshotFilter, end: datetime) -> SnapshotFilter:
    return replace(where, until=end if where.until is None else min(end, where.until))


def _from(where: SnapshotFilter, start: datetime) -> SnapshotFilter:
    return replace(where, since=start if where.since is None else max(start, where.since))


def _select(
    user: str,
    where: SnapshotFilter,
    order: Order,
    after: Position | None,
    limit: int,
    connection: Connection,
) -> list[Snapshot]:
    conditions = ["user_id = ?"]
    values: list[Any] = [user]
    for moment, sign in ((where.since, ">="), (where.until, "<")):
        if moment is not None:
            conditions.append(f"timestamp {sign} ?")
            values.append(to_micros(moment))
    if after is not None:
        conditions.append(f"(timestamp, id) {'>' if order == 'asc' else '<'} (?, ?)")
        values += [to_micros(after.at), after.id]
    query = (
        f"SELECT * FROM snapshots WHERE {' AND '.join(conditions)} "  # noqa: S608 (only words of this file)
        f"ORDER BY timestamp {order}, id {order} LIMIT ?"
    )
    return [_snapshot(row) for row in connection.execute(query, [*values, limit])]


def _snapshot(row: Sequence[Any]) -> Snapshot:
    user, snapshot_id, timestamp, total, complete, errors, run_id = row
    return Snapshot(
        id=snapshot_id,
        user_id=user,
        timestamp=from_micros(timestamp),
        total_usd=Decimal(total),
        complete=bool(complete),
        errors=parse_errors(errors),
        run_id=run_id,
    )


def _with_assets(user: str, snapshot: Snapshot, connection: Connection) -> Snapshot:
    query = "SELECT assets FROM snapshot_assets WHERE user_id = ? AND id = ?"
    (packed,) = connection.execute(query, (user, snapshot.id)).fetchone()
    return replace(snapshot, assets=unpack_assets(packed))
