"""The Trades port on Firestore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from google.cloud.firestore import AsyncQuery, FieldFilter

from ...core.trades import Trade
from ...errors import Conflict, DuplicateTrade, NotFound, PreconditionFailed
from ..codecs import position_of, require_distinct
from ..ports import Answer, Once, Order, Page, Position, StoredTrade, TradeFilter
from .answers import FirestoreAnswers
from .cloud import Cloud, Document, Refused
from .documents import document_trade
from .ledger import TradeBatch, existing_trades, trade_reference

_EQUAL = ("side", "asset", "symbol", "status", "wallet", "chain")


class FirestoreTrades:
    """One document for each trade; what must be written together is one batch, and no lock is taken."""

    def __init__(self, cloud: Cloud, answers: FirestoreAnswers, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._answers = answers
        self._clock = clock

    async def add_trades(self, user: str, trades: Sequence[Trade], once: Once | None = None) -> Answer | None:
        require_distinct(user, trades)
        batch = self._batch(user)
        if once is not None:
            before = await self._answers.read(user, once.claim)
            known = await self._answers.judge(before, once.claim)
            if known is not None:
                return known
            self._answers.keep(batch.writes, user, once, before)
        for trade in trades:
            batch.create(trade)
        try:
            await batch.commit()
        except Refused:
            return await self._why_not_added(user, trades, once)
        return None

    async def page_trades(
        self,
        user: str,
        where: TradeFilter,
        *,
        order: Order = "desc",
        after: Position | None = None,
        limit: int = 50,
    ) -> Page[StoredTrade]:
        query = trades_query(self._cloud, user, where, order, after).limit(limit + 1)
        found = await self._cloud.select(query)
        rows = tuple(map(document_trade, found[:limit]))
        return Page(rows, position_of(rows[-1].trade) if len(found) > limit else None)

    async def get_trade(self, user: str, trade_id: str) -> StoredTrade:
        return document_trade(await self._read(user, trade_id))

    async def replace_trade(self, user: str, trade: Trade, version: int) -> StoredTrade:
        require_distinct(user, [trade])
        before = await self._read(user, trade.id)
        kept = document_trade(before)
        _require_version(kept, version)
        batch = self._batch(user)
        batch.replace(before, kept.trade, StoredTrade(trade, version + 1))
        try:
            await batch.commit()
        except Refused:
            await self._require_free(user, trade)
            raise _changed(trade.id) from None
        return StoredTrade(trade, version + 1)

    async def delete_trade(self, user: str, trade_id: str, version: int | None = None) -> None:
        before = await self._read(user, trade_id)
        kept = document_trade(before)
        if version is not None:
            _require_version(kept, version)
        batch = self._batch(user)
        batch.delete(before, kept.trade)
        try:
            await batch.commit()
        except Refused:
            raise _changed(trade_id) from None

    def _batch(self, user: str) -> TradeBatch:
        return TradeBatch(self._cloud, user, self._clock())

    async def _read(self, user: str, trade_id: str) -> Document:
        kept = await self._cloud.get(trade_reference(self._cloud, trade_id))
        if not kept.exists or kept.get("user_id") != user:
            raise NotFound(f"there is no trade {trade_id}")
        return kept

    async def _why_not_added(self, user: str, trades: Sequence[Trade], once: Once | None) -> Answer | None:
        """The same request may have come twice, at the same time: then the other's answer is the answer."""
        known = None if once is None else await self._answers.find_answer(user, once.claim)
        if known is None:
            for existing in (await existing_trades(self._cloud, user, trades)).values():
                raise DuplicateTrade(existing)
            raise Conflict("a trade with this id exists")
        return known

    async def _require_free(self, user: str, trade: Trade) -> None:
        for existing in (await existing_trades(self._cloud, user, [trade])).values():
            if existing != trade.id:
                raise DuplicateTrade(existing)


def trades_query(
    cloud: Cloud, user: str, where: TradeFilter, order: Order, after: Position | None
) -> AsyncQuery:
    """A user's trades behind a position.

    Equality filters combine freely: Firestore merges the declared indexes of (user, field, time).
    """
    query = cloud.collection("trades").where(filter=FieldFilter("user_id", "==", user))
    for field in _EQUAL:
        value = getattr(where, field)
        if value is not None:
            query = query.where(filter=FieldFilter(field, "==", value))
    for moment, sign in ((where.since, ">="), (where.until, "<")):
        if moment is not None:
            query = query.where(filter=FieldFilter("executed_at", sign, moment))
    direction = f"{order.upper()}ENDING"
    query = query.order_by("executed_at", direction).order_by("__name__", direction)
    if after is not None:
        query = query.start_after({"executed_at": after.at, "__name__": trade_reference(cloud, after.id)})
    return query


def _require_version(kept: StoredTrade, version: int) -> None:
    if kept.version != version:
        raise _changed(kept.trade.id)


def _changed(trade_id: str) -> PreconditionFailed:
    return PreconditionFailed(f"trade {trade_id} was changed in between")
