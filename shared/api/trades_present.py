"""From core's Trade to its body."""

from __future__ import annotations

from ..core.amounts import format_decimal
from ..core.times import format_time
from ..core.trades import Trade
from ..services.verification import Verification
from .trades_schemas import LotPickBody, TradeBody
from .values_present import decimal_text, time_text
from .verification_present import on_chain_body, verification_body


def trade_body(trade: Trade) -> TradeBody:
    """The body of a trade."""
    return TradeBody(
        id=trade.id,
        user_id=trade.user_id,
        side=trade.side,
        asset=trade.asset,
        symbol=trade.symbol,
        amount=format_decimal(trade.amount),
        amount_type=trade.amount_type,
        price_usd=decimal_text(trade.price_usd),
        total_usd=decimal_text(trade.total_usd),
        fee_usd=decimal_text(trade.fee_usd),
        tx_hash=trade.tx_hash,
        chain=trade.chain,
        wallet=trade.wallet,
        status=trade.status,
        executed_at=format_time(trade.executed_at),
        created_at=format_time(trade.created_at),
        source=trade.source,
        notes=trade.notes,
        fee_asset=trade.fee_asset,
        fee_amount=decimal_text(trade.fee_amount),
        link=trade.link,
        lots=[
            LotPickBody(trade_id=pick.trade_id, quantity=format_decimal(pick.quantity)) for pick in trade.lots
        ],
        basis_usd=decimal_text(trade.basis_usd),
        acquired_at=time_text(trade.acquired_at),
        on_chain=on_chain_body(trade.on_chain),
    )


def created_body(trade: Trade, verification: Verification | None) -> TradeBody:
    """The body of a new trade, with what the chain says of it if it was asked."""
    body = trade_body(trade)
    if verification is not None:
        body["verification"] = verification_body(verification)
    return body
