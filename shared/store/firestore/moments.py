"""The trades of many given times: one range where they lie close, else the times some at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from google.cloud.firestore import AsyncQuery, FieldFilter

from ...core.trades import Trade
from .cloud import Cloud, Document
from .documents import document_trade
from .journal import visible

_MOMENTS = 500
_CHUNK = 1000
_MOST_IN = 30  # values that one filter may have
_AT_ONCE = 4
# A range is read whole if not many more trades lie in it than are asked for.
_MOST_BESIDE = 4


async def read_moments(
    cloud: Cloud, user: str, moments: Sequence[datetime]
) -> AsyncIterator[tuple[Trade, ...]]:
    """Every trade that was executed at one of these times."""
    ordered = sorted(set(moments))
    for start in range(0, len(ordered), _MOMENTS):
        asked = ordered[start : start + _MOMENTS]
        within = _within(cloud, user, asked[0], asked[-1])
        number = await cloud.count(within)
        if number > _MOST_BESIDE * len(asked):
            queries = [_at(cloud, user, asked[i : i + _MOST_IN]) for i in range(0, len(asked), _MOST_IN)]
        else:
            queries = [within.order_by("executed_at").order_by("__name__").limit(_CHUNK)] if number else []
        wanted = frozenset(asked)
        async for found in _pages(cloud, user, queries):
            trades = (document_trade(kept).trade for kept in found)
            yield tuple(trade for trade in trades if trade.executed_at in wanted)


async def _pages(cloud: Cloud, user: str, queries: Sequence[AsyncQuery]) -> AsyncIterator[list[Document]]:
    for start in range(0, len(queries), _AT_ONCE):
        asked = queries[start : start + _AT_ONCE]
        for query, first in zip(asked, await asyncio.gather(*map(cloud.select, asked)), strict=True):
            found = first
            while found:
                yield await visible(cloud, user, found, found[0].read_time)
                full = len(found) == _CHUNK
                found = await cloud.select(query.start_after(found[-1])) if full else []


def _of(cloud: Cloud, user: str) -> AsyncQuery:
    return cloud.collection("trades").where(filter=FieldFilter("user_id", "==", user))


def _within(cloud: Cloud, user: str, first: datetime, last: datetime) -> AsyncQuery:
    behind = _of(cloud, user).where(filter=FieldFilter("executed_at", ">=", first))
    return behind.where(filter=FieldFilter("executed_at", "<=", last))


def _at(cloud: Cloud, user: str, moments: Sequence[datetime]) -> AsyncQuery:
    at = _of(cloud, user).where(filter=FieldFilter("executed_at", "in", list(moments)))
    return at.order_by("__name__").limit(_CHUNK)
