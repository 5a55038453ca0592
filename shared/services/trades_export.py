"""All trades of a user as a stream, earliest first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from ..core.trades import Trade
from .trades import TradeSources
from .trades_csv import format_header, format_rows


async def read_all(user: str, sources: TradeSources) -> AsyncIterator[tuple[Trade, ...]]:
    """The trades in chunks. The first is read before this returns: if that fails, nothing was sent yet."""
    chunks = sources.store.log.read_trades(user)
    first = await anext(chunks, None)
    return _from(first or (), chunks)


async def csv_of(chunks: AsyncIterator[tuple[Trade, ...]]) -> AsyncGenerator[bytes, None]:
    """The trades as a CSV file, piece by piece."""
    rows: dict[str, int] = {}
    yield format_header().encode()
    async for trades in chunks:
        first = len(rows) + 1
        rows.update((trade.id, number) for number, trade in enumerate(trades, first))
        yield format_rows(trades, first, rows).encode()


async def _from(
    first: tuple[Trade, ...], rest: AsyncIterator[tuple[Trade, ...]]
) -> AsyncIterator[tuple[Trade, ...]]:
    if first:
        yield first
    async for trades in rest:
        yield trades
