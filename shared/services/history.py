"""A user's portfolio over time: its snapshots, how they changed, and the returns over the range."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import localcontext
from typing import Literal

from ..core.ledger import Accounting
from ..core.lots import MONEY, known_sum
from ..core.returns import (
    Drawdown,
    Flow,
    Return,
    Valuation,
    external_flows,
    index_of,
    max_drawdown,
    money_weighted,
    time_weighted,
)
from ..core.snapshots import Change, Interval, Snapshot, changes
from ..store.codecs import format_position, parse_position
from ..store.ports import Position, SnapshotFilter, Snapshots
from .accounting import LedgerSources, read_plan

MOST_VALUATIONS = 5000
"""A range with more snapshots is measured by the last one of each day, then week, then month."""
_MEASURES: tuple[Interval, ...] = ("raw", "day", "week", "month")
_PAGE = 500
# More flows than these are added up by day before a rate is looked for, which takes a millisecond for each.
_MOST_FLOWS = 500


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which snapshots, in which order; `since` is included, `until` is not."""

    since: datetime | None = None
    until: datetime | None = None
    interval: Interval = "raw"
    order: Literal["asc", "desc"] = "desc"
    with_assets: bool = False

    @property
    def where(self) -> SnapshotFilter:
        return SnapshotFilter(self.since, self.until, self.interval)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Some of the snapshots, in the order asked for; `next` is the place behind them, None at the end."""

    changes: tuple[Change, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Performance:
    """The returns from the first complete snapshot of a range to the last; `flows` are those in between.

    `drawdown` is None for the `drawdown_reason`. Incomplete snapshots are `left_out`.
    """

    first: datetime | None
    last: datetime | None
    interval: Interval
    valuations: int
    left_out: int
    flows: int
    time_weighted: Return
    money_weighted: Return
    drawdown: Drawdown | None
    drawdown_reason: str | None = None


async def read_history(
    user: str, query: HistoryQuery, sources: LedgerSources, *, after: str | None = None, limit: int = 50
) -> HistoryPage:
    """The snapshots behind a place, each with its change from the one before it in the range.

    Raises InvalidInput for what is no place, and StoreUnavailable.
    """
    snapshots = sources.store.snapshots
    page = await snapshots.page_snapshots(
        user,
        query.where,
        order=query.order,
        after=None if after is None else parse_position(after),
        limit=limit,
        with_assets=query.with_assets,
    )
    oldest_first = page.rows if query.order == "asc" else page.rows[::-1]
    if not oldest_first:
        return HistoryPage((), None)
    changed = changes(oldest_first, await _before(user, oldest_first[0], query, snapshots))
    return HistoryPage(
        changed if query.order == "asc" else changed[::-1],
        None if page.next is None else format_position(page.next),
    )


async def read_performance(
    user: str,
    query: HistoryQuery,
    rules: Accounting,
    sources: LedgerSources,
    *,
    most: int = MOST_VALUATIONS,
) -> Performance:
    """The returns over the whole range, money that came and left taken from the ledger.

    They are measured by every snapshot, whichever of them are listed; where there are more than `most`, by
    the last of each day. Raises StoreUnavailable.
    """
    found, interval = await _read_range(user, query, sources.store.snapshots, most)
    complete = [snapshot for snapshot in found if snapshot.complete]
    flows: Sequence[Flow] = ()
    if len(complete) > 1:
        plan = await read_plan(user, rules, sources)
        flows = await asyncio.to_thread(external_flows, plan)
    return await asyncio.to_thread(_measure, complete, flows, interval, len(found) - len(complete))


def _measure(
    complete: Sequence[Snapshot], flows: Sequence[Flow], interval: Interval, left_out: int
) -> Performance:
    values = [Valuation(snapshot.timestamp, snapshot.total_usd) for snapshot in complete]
    first, last = (values[0].at, values[-1].at) if values else (None, None)
    inside = [flow for flow in flows if first is not None and last is not None and first < flow.at <= last]
    index, reason = index_of(values, inside, left_out)
    if reason is None and len(values) < 2:
        reason = "too_few_valuations: a fall needs two snapshots"
    return Performance(
        first=first,
        last=last,
        interval=interval,
        valuations=len(values),
        left_out=left_out,
        flows=len(inside),
        time_weighted=time_weighted(values, inside, left_out),
        money_weighted=money_weighted(values, inside if len(inside) <= _MOST_FLOWS else _by_day(inside)),
        drawdown=max_drawdown(index) if reason is None else None,
        drawdown_reason=reason,
    )


def _by_day(flows: Sequence[Flow]) -> list[Flow]:
    """One flow for each day, at the time of its first."""
    days: dict[date, list[Flow]] = defaultdict(list)
    for flow in flows:
        days[flow.at.date()].append(flow)
    with localcontext(MONEY):
        return [Flow(own[0].at, known_sum([flow.usd for flow in own])) for own in days.values()]


async def _before(user: str, oldest: Snapshot, query: HistoryQuery, snapshots: Snapshots) -> Snapshot | None:
    """The one before the oldest of a page, in the same range and by the same buckets."""
    at = Position(oldest.timestamp, oldest.id)
    page = await snapshots.page_snapshots(user, query.where, order="desc", after=at, limit=1)
    return next(iter(page.rows), None)


async def _read_range(
    user: str, query: HistoryQuery, snapshots: Snapshots, most: int
) -> tuple[list[Snapshot], Interval]:
    """The snapshots of a range, oldest first: all, or the last of each day where they are too many."""
    for interval in _MEASURES:
        found = await _read_all(user, replace(query.where, interval=interval), snapshots, most)
        if found is not None:
            return found, interval
    return [], "month"


async def _read_all(
    user: str, where: SnapshotFilter, snapshots: Snapshots, most: int
) -> list[Snapshot] | None:
    """None when there are more than `most`."""
    found: list[Snapshot] = []
    after: Position | None = None
    while len(found) < most:
        limit = min(_PAGE, most - len(found))
        page = await snapshots.page_snapshots(user, where, order="asc", after=after, limit=limit)
        found += page.rows
        after = page.next
        if after is None:
            return found
    return None
