"""The TradeLog port on Firestore."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from google.cloud.firestore import FieldFilter, Query

from ...core.trades import Trade
from ..codecs import event_names, position_of, to_micros
from ..ports import Position, TradeFilter
from .cloud import Cloud
from .documents import document_trade
from .ledger import changes
from .trades import select_trades

_CHUNK = 1000
_MOST_IN = 30  # values that one filter may have


class FirestoreTradeLog:
    """The whole log, a thousand documents at a time, all as they were when the first were read."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def read_trades(
        self, user: str, where: TradeFilter | None = None, after: Position | None = None
    ) -> AsyncIterator[tuple[Trade, ...]]:
        full, at = True, None
        while full:
            found = await select_trades(self._cloud, user, where or TradeFilter(), "asc", after, _CHUNK, at)
            if found:
                at = at or found[0].read_time
                trades = tuple(document_trade(kept).trade for kept in found)
                yield trades
                after = position_of(trades[-1])
            full = len(found) == _CHUNK

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
