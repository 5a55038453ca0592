"""Writing trades to Firestore: each with the document that keeps it unique, and the change noted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from google.cloud.firestore import (
    SERVER_TIMESTAMP,
    AsyncCollectionReference,
    AsyncDocumentReference,
    AsyncWriteBatch,
)

from ...core.trades import Trade
from ..claims import KEEP_CHANGES
from ..codecs import TradeKey, trade_key
from ..ports import StoredTrade
from .cloud import Cloud, Document, Refused, document_id
from .documents import trade_document
from .journal import IMPORT_ID, visible


class TradeBatch:
    """Changes to a user's trades that are written together or not at all."""

    def __init__(self, cloud: Cloud, user: str, now: datetime) -> None:
        self.writes: AsyncWriteBatch = cloud.batch()
        self._cloud = cloud
        self._user = user
        self._expire_at = now + KEEP_CHANGES
        self._first: datetime | None = None

    def create(self, trade: Trade) -> None:
        """Add a trade, which fails if one has its id or its key."""
        self.writes.create(trade_reference(self._cloud, trade.id), trade_document(trade, 1))
        self._take_key(trade)
        self.touch(trade.executed_at)

    def create_hidden(self, trade: Trade, import_id: str) -> None:
        """Add a trade like `create`, which is not there yet as long as its import is at work."""
        marked = {**trade_document(trade, 1), IMPORT_ID: import_id}
        self.writes.create(trade_reference(self._cloud, trade.id), marked)
        self._take_key(trade, {IMPORT_ID: import_id})

    def delete_hidden(self, before: Document, trade: Trade) -> None:
        """Remove a trade that was never there."""
        self.writes.delete(before.reference, self._cloud.unchanged(before))
        self._free_key(trade)

    def replace(self, before: Document, old: Trade, new: StoredTrade) -> None:
        """Write a trade anew, which fails if it is not as it was read."""
        document = trade_document(new.trade, new.version)
        self.writes.update(before.reference, document, self._cloud.unchanged(before))
        if trade_key(old) != trade_key(new.trade):
            self._free_key(old)
            self._take_key(new.trade)
        self.touch(old.executed_at)
        self.touch(new.trade.executed_at)

    def delete(self, before: Document, trade: Trade) -> None:
        """Remove a trade, which fails if it is not as it was read."""
        self.writes.delete(before.reference, self._cloud.unchanged(before))
        self._free_key(trade)
        self.touch(trade.executed_at)

    def touch(self, at: datetime) -> None:
        """The log is another one from this time on."""
        self._first = at if self._first is None else min(self._first, at)

    async def commit(self) -> None:
        """Write it all. Raises Refused, unless it is this very batch that was written before.

        The library repeats a commit whose answer was lost, and the repetition finds what the first one wrote.
        """
        change = changes(self._cloud, self._user).document(secrets.token_hex(12))
        if self._first is not None:
            self.writes.create(change, self._change(self._first))
        try:
            await self._cloud.commit(self.writes)
        except Refused:
            if not (await self._cloud.get(change)).exists:
                raise

    def _change(self, first: datetime) -> dict[str, Any]:
        return {"first": first, "committed_at": SERVER_TIMESTAMP, "expire_at": self._expire_at}

    def _take_key(self, trade: Trade, marks: Mapping[str, str] | None = None) -> None:
        key = trade_key(trade)
        if key is not None:
            taken = {"trade_id": trade.id, **(marks or {})}
            self.writes.create(_key_reference(self._cloud, self._user, key), taken)

    def _free_key(self, trade: Trade) -> None:
        key = trade_key(trade)
        if key is not None:
            self.writes.delete(_key_reference(self._cloud, self._user, key))


def trade_reference(cloud: Cloud, trade_id: str) -> AsyncDocumentReference:
    """Where a trade is kept."""
    return cloud.collection("trades").document(document_id(trade_id))


def changes(cloud: Cloud, user: str) -> AsyncCollectionReference:
    """From which time on the log is another one, for each commit."""
    return cloud.below(user, "changes")


async def existing_trades(cloud: Cloud, user: str, trades: Sequence[Trade]) -> dict[str, str]:
    """Of these trades, the ids of those whose key is taken → the id of the trade that has it.

    A key that is taken by the import at work is not among them.
    """
    by_key: dict[str, str] = {}
    references = []
    for trade in trades:
        key = trade_key(trade)
        if key is not None:
            reference = _key_reference(cloud, user, key)
            by_key[reference.id] = trade.id
            references.append(reference)
    found = [kept async for kept in cloud.get_all(references)]
    return {by_key[kept.id]: kept.get("trade_id") for kept in await visible(cloud, user, found)}


def _key_reference(cloud: Cloud, user: str, key: TradeKey) -> AsyncDocumentReference:
    return cloud.below(user, "trade_keys").document(document_id(*key))
