"""The Snapshots port on Firestore."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from google.cloud.firestore import AsyncDocumentReference, FieldFilter

from ...core.snapshots import Snapshot
from ...errors import StoreUnavailable
from ..buckets import bucket
from ..codecs import errors_text, money_text, pack, pack_assets, parse_errors, unpack, unpack_assets
from ..ports import Order, Page, Position, SnapshotFilter
from .cloud import Cloud, Document, Refused, document_id
from .documents import plain_time
from .drafts import Draft, commit_load
from .parts import read_parts

_FIELDS = ("snapshot_id", "user_id", "timestamp", "total_usd", "complete", "errors", "run_id")
_MICROSECOND = timedelta(microseconds=1)
_MOST_AT_ONCE = 32
_MOST_ERRORS = 20_000  # bytes that are kept as text


class FirestoreSnapshots:
    """One document for each snapshot; lists do not read the assets in it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def add_snapshot(self, user: str, snapshot: Snapshot) -> None:
        try:
            await commit_load(self._cloud, [snapshot_draft(self._cloud, user, snapshot)])
        except Refused:
            return  # It is kept already.

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
        if where.interval == "raw":
            found = await self._select(user, where, order, after, limit + 1)
        else:
            found = await self._last_of_buckets(user, where, order, after, limit + 1)
        rows = found[:limit]
        if with_assets:
            rows = await asyncio.gather(*(self._with_assets(user, row) for row in rows))
        return Page(tuple(rows), Position(rows[-1].timestamp, rows[-1].id) if len(found) > limit else None)

    async def _last_of_buckets(
        self, user: str, where: SnapshotFilter, order: Order, after: Position | None, count: int
    ) -> list[Snapshot]:
        """Seek the next snapshot, then ask for its bucket and its neighbours at once.

        More neighbours each time as long as none is empty: as many looks as buckets, in few rounds.
        """
        found: list[Snapshot] = []
        width = 1
        left = where if after is None else _beyond(where, bucket(where.interval, after.at), order)
        while len(found) < count and (nearest := await self._select(user, left, order, None, 1)):
            width = min(width, count - len(found))
            buckets = list(islice(_buckets(where, nearest[0].timestamp, order), width))
            closes = [self._select(user, _within(left, bounds), "desc", None, 1) for bounds in buckets]
            closing = [snapshot for close in await asyncio.gather(*closes) for snapshot in close]
            found += closing
            left = _beyond(left, buckets[-1], order)
            width = min(2 * width, _MOST_AT_ONCE) if len(closing) == len(buckets) else 1
        return found

    async def _select(
        self, user: str, where: SnapshotFilter, order: Order, after: Position | None, limit: int
    ) -> list[Snapshot]:
        query = self._cloud.collection("portfolio_snapshots").where(filter=FieldFilter("user_id", "==", user))
        for moment, sign in ((where.since, ">="), (where.until, "<")):
            if moment is not None:
                query = query.where(filter=FieldFilter("timestamp", sign, moment))
        direction = f"{order.upper()}ENDING"
        query = query.order_by("timestamp", direction).order_by("__name__", direction)
        if after is not None:
            query = query.start_after({"timestamp": after.at, "__name__": self._document(user, after.id)})
        return [_snapshot(kept) for kept in await self._cloud.select(query.select(_FIELDS).limit(limit))]

    async def _with_assets(self, user: str, snapshot: Snapshot) -> Snapshot:
        document = self._document(user, snapshot.id)
        with_content = await self._cloud.get(document)
        packed = await read_parts(self._cloud, with_content)
        if packed is None:
            raise StoreUnavailable("a snapshot's assets are not all there")
        return replace(snapshot, assets=unpack_assets(packed))

    def _document(self, user: str, snapshot_id: str) -> AsyncDocumentReference:
        return snapshot_reference(self._cloud, user, snapshot_id)


def snapshot_reference(cloud: Cloud, user: str, snapshot_id: str) -> AsyncDocumentReference:
    """Where a snapshot is kept."""
    return cloud.collection("portfolio_snapshots").document(document_id(user, snapshot_id))


def snapshot_draft(cloud: Cloud, user: str, snapshot: Snapshot) -> Draft:
    """A snapshot's document, its assets packed."""
    fields = {
        "snapshot_id": snapshot.id,
        "user_id": user,
        "timestamp": snapshot.timestamp,
        "total_usd": money_text(snapshot.total_usd),
        "complete": snapshot.complete,
        "errors": _short(errors_text(snapshot.errors)),
        "run_id": snapshot.run_id,
    }
    return Draft(snapshot_reference(cloud, user, snapshot.id), fields, pack_assets(snapshot))


def _short(errors: str) -> str | bytes:
    """Thousands of failures would not fit into a document as they are."""
    return errors if len(errors) <= _MOST_ERRORS else pack(errors.encode())


def _long(errors: str | bytes) -> str:
    return unpack(errors).decode() if isinstance(errors, bytes) else errors


def _snapshot(kept: Document) -> Snapshot:
    return Snapshot(
        id=kept.get("snapshot_id"),
        user_id=kept.get("user_id"),
        timestamp=plain_time(kept.get("timestamp")),
        total_usd=Decimal(kept.get("total_usd")),
        complete=kept.get("complete"),
        errors=parse_errors(_long(kept.get("errors"))),
        run_id=kept.get("run_id"),
    )


def _buckets(where: SnapshotFilter, start: datetime, order: Order) -> Iterator[tuple[datetime, datetime]]:
    bounds = bucket(where.interval, start)
    while True:
        yield bounds
        bounds = bucket(where.interval, bounds[1] if order == "asc" else bounds[0] - _MICROSECOND)


def _within(where: SnapshotFilter, bounds: tuple[datetime, datetime]) -> SnapshotFilter:
    start = bounds[0] if where.since is None else max(where.since, bounds[0])
    end = bounds[1] if where.until is None else min(where.until, bounds[1])
    return replace(where, since=start, until=end)


def _beyond(where: SnapshotFilter, bounds: tuple[datetime, datetime], order: Order) -> SnapshotFilter:
    """What lies behind a bucket in the order of the list."""
    if order == "asc":
        return replace(where, since=bounds[1] if where.since is None else max(where.since, bounds[1]))
    return replace(where, until=bounds[0] if where.until is None else min(where.until, bounds[0]))
