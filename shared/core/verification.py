"""Verification: whether a trade's amount and time are those of its transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from .amounts import EXACT, to_raw
from .tokens import Token
from .trades import OnChain, Trade
from .transactions import Flow, NativeChange, TransactionRead, flows_of, hidden_native

# A date alone is its midnight, so a day off is no other time.
_MOST_APART = timedelta(days=1)
_LOOKED_AT = ("tx_hash", "chain", "wallet", "asset", "side", "executed_at", "status", "quantity")


@dataclass(frozen=True, slots=True)
class AmountCheck:
    """A trade's quantity beside what the chain shows; `matches` None means that it could not be told.

    `expected_raw` is None when the quantity has more decimals than the asset, `found_raw` when nothing could
    be compared.
    """

    expected: Decimal
    matches: bool | None
    expected_raw: int | None = None
    found_raw: int | None = None
    decimals: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TimeCheck:
    """When a trade is said to have happened, beside the time of its block."""

    expected: datetime
    found: datetime
    matches: bool
    reason: str | None = None


def look_alike(one: Trade, other: Trade) -> bool:
    """Whether what was found of one trade holds for the other, too."""
    return all(getattr(one, field) == getattr(other, field) for field in _LOOKED_AT)


def check_time(trade: Trade, read: TransactionRead) -> TimeCheck | None:
    """A trade's time against its block's, to a day; None while nothing is in a block."""
    if read.receipt is None:
        return None
    found = read.receipt.block.time
    if abs(trade.executed_at - found) <= _MOST_APART:
        return TimeCheck(trade.executed_at, found, True)
    return TimeCheck(
        trade.executed_at,
        found,
        False,
        f"executed_at is more than a day from the block's time, {found:%Y-%m-%d}",
    )


def on_chain(read: TransactionRead, amount: AmountCheck | None, time: TimeCheck | None) -> OnChain | None:
    """What is kept of the checks; an `amount` of None could not be read. None while nothing is in a block."""
    if read.receipt is None or time is None:
        return None
    reasons = ["the amount could not be read" if amount is None else amount.reason, time.reason]
    checks = (None if amount is None else amount.matches, time.matches)
    return OnChain(
        matches=False if False in checks else None if None in checks else True,
        block_number=read.receipt.block.number,
        block_time=read.receipt.block.time,
        reason="; ".join(reason for reason in reasons if reason) or None,
    )


def unchecked(trade: Trade, reason: str) -> AmountCheck:
    """The check that was not possible."""
    return AmountCheck(trade.quantity, None, reason=reason)


def check_amount(
    trade: Trade, token: Token, read: TransactionRead, change: NativeChange | None
) -> AmountCheck | None:
    """The trade's quantity against the movements of its wallet, exactly; None while nothing is in a block.

    `change` tells what contracts paid in the native coin. What a wallet both sent and received of an asset
    counts as net, or as it went the trade's way.
    """
    assert trade.wallet is not None  # the service refuses a trade without one
    if read.receipt is None or read.transaction is None:
        return None
    if trade.side == "fee" and token.address is None:
        return _check_fee(trade, token, read)
    if not read.receipt.succeeded:
        return unchecked(trade, "the transaction failed, so nothing moved")
    flow = flows_of(read.receipt.movements, trade.wallet).get(token.address, Flow())
    seen = _compared(trade, token, _candidates(trade, flow))
    if token.address is not None or seen.matches:
        return seen
    hidden = hidden_native(read, trade.wallet, change)
    if hidden.raw is not None:
        seen = _compared(trade, token, _candidates(trade, Flow(flow.received + hidden.raw, flow.sent)))
    if seen.matches or not hidden.reason:
        return seen
    return AmountCheck(trade.quantity, None, seen.expected_raw, seen.found_raw, token.decimals, hidden.reason)


def _check_fee(trade: Trade, token: Token, read: TransactionRead) -> AmountCheck:
    assert read.transaction is not None  # both were looked at by the caller
    assert read.receipt is not None
    if read.transaction.sender != trade.wallet:
        return _compared(trade, token, [0])
    if read.receipt.fee is None:
        return unchecked(trade, "the fee was not paid in the native coin")
    return _compared(trade, token, [read.receipt.fee])


def _candidates(trade: Trade, flow: Flow) -> list[int]:
    """What the trade may mean: the net amount, or all that went its way."""
    if trade.is_incoming:
        return [max(flow.net, 0), flow.received]
    return [max(-flow.net, 0), flow.sent]


def _compared(trade: Trade, token: Token, candidates: list[int]) -> AmountCheck:
    quantity = trade.quantity
    if trade.amount_type == "usd":  # a quotient: it cannot be finer than the asset
        quantity = quantity.quantize(Decimal(1).scaleb(-token.decimals), ROUND_HALF_EVEN, EXACT)
    try:
        expected = to_raw(quantity, token.decimals)
    except ValueError as error:
        return AmountCheck(trade.quantity, False, None, candidates[0], token.decimals, str(error))
    found = expected if expected in candidates else candidates[0]
    matches = expected == found
    reason = None if matches else "the transaction moved another amount"
    if not matches and not any(candidates):
        reason = "the transaction moved none of this asset that way for this wallet"
    return AmountCheck(trade.quantity, matches, expected, found, token.decimals, reason)
