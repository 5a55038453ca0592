"""The Trades port on Firestore."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from google.cloud.firestore import AsyncQuery, FieldFilter

from ...core.trades import Trade
from ...errors import Conflict, DuplicateTrade, NotFound, PreconditionFailed
from ..account_ports import Era
from ..codecs import position_of, require_distinct
from ..ports import Answer, Once, Order, Page, Position, StoredTrade, TradeFilter
from .answers import FirestoreAnswers
from .cloud import Cloud, Document, Refused
from .documents import document_trade
from .eras import hold_era, require_era
from .journal import visible
from .ledger import TradeBatch, existing_trades, trade_reference
from .unfinished import UnfinishedImports

_STRIDE = 1000
_EQUAL = ("side", "asset", "symbol", "status", "wallet", "chain")


class FirestoreTrades:
    """One document for each trade; what must be written together is one batch, and no lock is taken."""

    def __init__(self, cloud: Cloud, answers: FirestoreAnswers, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._answers = answers
        self._clock = clock
        self._unfinished = UnfinishedImports(cloud, clock)

    async def add_trades(
        self, user: str, trades: Sequence[Trade], once: Once | None = None, *, era: Era | None = None
    ) -> Answer | None:
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
        hold_era(self._cloud, batch.writes, user, era)
        try:
            await batch.commit()
        except Refused:
            await require_era(self._cloud, user, era)
            return await self._why_not_added(user, trades, once, era)
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
        found = await select_trades(self._cloud, user, where, order, after, limit + 1)
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
            if await self._unfinished.take_back_broken(user):
                return await self.replace_trade(user, trade, version)
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
        if kept.exists and kept.get("user_id") == user and await visible(self._cloud, user, [kept]):
            return kept
        raise NotFound(f"there is no trade {trade_id}")

    async def _why_not_added(
        self, user: str, trades: Sequence[Trade], once: Once | None, era: Era | None
    ) -> Answer | None:
        """The same request may have come twice, at the same time: then the other's answer is the answer."""
        known = None if once is None else await self._answers.find_answer(user, once.claim)
        if known is None:
            for existing in (await existing_trades(self._cloud, user, trades)).values():
                raise DuplicateTrade(existing)
            if await self._unfinished.take_back_broken(user):
                return await self.add_trades(user, trades, once, era=era)
            raise Conflict("a trade with this id exists")
        return known

    async def _require_free(self, user: str, trade: Trade) -> None:
        for existing in (await existing_trades(self._cloud, user, [trade])).values():
            if existing != trade.id:
                raise DuplicateTrade(existing)


async def select_trades(
    cloud: Cloud,
    user: str,
    where: TradeFilter,
    order: Order,
    after: Position | None,
    limit: int,
    at: datetime | None = None,
) -> list[Document]:
    """The documents of the first `limit` trades behind a position, as they are or as they were at a time.

    The rows of an import at work are passed over, in larger strides than a page.
    """
    there: list[Document] = []
    stride = limit
    while True:
        found = await cloud.select(_trades_query(cloud, user, where, order, after).limit(stride), at)
        at = at or (found[0].read_time if found else None)
        there += await visible(cloud, user, found, at)
        if len(there) >= limit or len(found) < stride:
            return there[:limit]
        after = Position(found[-1].get("executed_at"), found[-1].get("trade_id"))
        stride = max(limit, _STRIDE)


def _trades_query(
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
    if where.mismatched:
        query = query.where(filter=FieldFilter("on_chain.matches", "==", False))
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
