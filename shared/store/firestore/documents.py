"""How trades look as documents: money as text, times as timestamps, the names of the HTTP contract."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ...core.trades import LotPick, OnChain, Trade
from ..codecs import MONEY_FIELDS, TIME_FIELDS, money_text
from ..ports import StoredTrade
from .cloud import Document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def trade_document(trade: Trade, version: int) -> dict[str, Any]:
    """The fields of a trade's document."""
    fields: dict[str, Any] = trade._asdict()
    fields["trade_id"] = fields.pop("id")
    for field in MONEY_FIELDS:
        fields[field] = None if fields[field] is None else money_text(fields[field])
    fields["lots"] = [
        {"trade_id": pick.trade_id, "quantity": money_text(pick.quantity)} for pick in trade.lots
    ]
    fields["on_chain"] = None if trade.on_chain is None else trade.on_chain._asdict()
    return {**fields, "version": version}


def document_trade(snapshot: Document) -> StoredTrade:
    """The trade that a document holds."""
    fields: dict[str, Any] = snapshot.to_dict() or {}
    for field in MONEY_FIELDS:
        fields[field] = None if fields[field] is None else Decimal(fields[field])
    for field in TIME_FIELDS:
        fields[field] = None if fields[field] is None else plain_time(fields[field])
    lots = tuple(LotPick(pick["trade_id"], Decimal(pick["quantity"])) for pick in fields["lots"])
    seen = fields.get("on_chain")
    values = {name: fields[name] for name in Trade._fields if name not in ("id", "lots", "on_chain")}
    trade = Trade(**values, id=fields["trade_id"], lots=lots, on_chain=_on_chain(seen))
    return StoredTrade(trade, fields["version"])


def _on_chain(seen: dict[str, Any] | None) -> OnChain | None:
    return None if seen is None else OnChain(**{**seen, "block_time": plain_time(seen["block_time"])})


def plain_time(moment: datetime) -> datetime:
    """Firestore's own kind of datetime as the standard library's."""
    return _EPOCH + (moment - _EPOCH)
