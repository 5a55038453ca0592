"""The TradeLog port on Firestore."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime

from google.cloud.firestore import FieldFilter, Query

from ...core.trades import Trade
from ..codecs import event_names, position_of, to_micros
from ..ports import Answer, Once, Position, TradeFilter
from .cloud import Cloud
from .documents import document_trade
from .imports import TradeImports
from .ledger import changes, existing_trades
from .trades import trades_query

_CHUNK = 1000
_MOST_IN = 30  # values that one filter may have


class FirestoreTradeLog:
    """The whole log, a thousand documents at a time."""

    def __init__(self, cloud: Cloud, imports: TradeImports) -> None:
        self._cloud = cloud
        self._imports = imports

    async def read_trades(
        self, user: str, where: TradeFilter | None = None, after: Position | None = None
    ) -> AsyncIterator[tuple[Trade, ...]]:
        full = True
        while full:
            query = trades_query(self._cloud, user, where or TradeFilter(), "asc", after).limit(_CHUNK)
            found = await self._cloud.select(query)
            if found:
                trades = tuple(document_trade(kept).trade for kept in found)
                yield trades
                after = position_of(trades[-1])
            full = len(found) == _CHUNK

    async def find_duplicates(self, user: str, trades: Sequence[Trade]) -> Mapping[str, str]:
        return await existing_trades(self._cloud, user, trades)

    async def import_trades(
        self, user: str, chunks: Iterable[Sequence[Trade]], once: Once | None = None
    ) -> Answer | None:
        return await self._imports.run(user, chunks, once)

    async def read_revision(self, user: str) -> str:
        """The time of the last commit: all earlier ones are seen by whoever reads after this."""
        newest = changes(self._cloud, user).order_by("committed_at", direction=Query.DESCENDING).limit(1)
        found = await self._cloud.select(newest)
        return str(to_micros(found[0].get("committed_at"))) if found else "0"

    async def joins_earlier(self, user: str, trades: Sequence[Trade], boundary: datetime) -> bool:
        links, hashes = event_names(trades)
        for field, names in (("link", links), ("tx_hash", hashes)):
            for start in range(0, len(names), _MOST_IN):
                query = (
                    self._cloud.collection("trades")
                    .where(filter=FieldFilter("user_id", "==", user))
                    .where(filter=FieldFilter(field, "in", names[start : start + _MOST_IN]))
                    .where(filter=FieldFilter("executed_at", "<=", boundary))
                )
                if await self._cloud.select(query.limit(1)):
                    return True
        return False
