"""Reconciliation: what the ledger says a wallet holds against what the chain says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Literal

from .balances import Block
from .ids import Address, AssetId
from .lots import MONEY, ZERO
from .trades import Trade

Explanation = Literal["rebasing", "dust"]
Holder = tuple[Address | None, AssetId]


@dataclass(frozen=True, slots=True)
class OnChain:
    """A balance that was read, in units of the asset, and its block."""

    quantity: Decimal
    block: Block


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One wallet's asset: chain − ledger is `explained` or `unexplained`.

    The chain's quantity, its block and what is unexplained are None where the chain was not read.
    """

    wallet: Address | None
    asset: AssetId
    ledger_quantity: Decimal
    chain_quantity: Decimal | None
    block: Block | None
    explained: Decimal
    explanation: Explanation | None
    unexplained: Decimal | None


def replayed(trades: Iterable[Trade]) -> dict[Holder, Decimal]:
    """What each wallet should hold of each asset by the confirmed trades; below zero, coins are missing."""
    held: dict[Holder, Decimal] = defaultdict(Decimal)
    with localcontext(MONEY):
        for trade in trades:
            if trade.status != "confirmed":
                continue
            held[trade.wallet, trade.asset] += trade.quantity if trade.is_incoming else -trade.quantity
            if trade.fee_asset is not None and trade.fee_amount is not None:
                held[trade.wallet, trade.fee_asset] -= trade.fee_amount
    return dict(held)


def reconcile(
    held: Mapping[Holder, Decimal],
    chain: Mapping[Holder, OnChain],
    *,
    rebasing: frozenset[AssetId] = frozenset(),
    dust: Decimal = ZERO,
) -> tuple[Reconciliation, ...]:
    """The ledger and the chain side by side, the wallets and assets of both, in order.

    On an asset that is rebasing the difference is income (or, negative, loss) not yet booked; a difference
    of at most `dust` units is dust; any other is unexplained.
    """
    holders = sorted(held.keys() | chain.keys(), key=lambda holder: (holder[0] or "", holder[1]))
    return tuple(
        _compared(holder, held.get(holder, ZERO), chain.get(holder), rebasing, dust) for holder in holders
    )


def _compared(
    holder: Holder, quantity: Decimal, read: OnChain | None, rebasing: frozenset[AssetId], dust: Decimal
) -> Reconciliation:
    wallet, asset = holder
    if read is None:
        return Reconciliation(wallet, asset, quantity, None, None, ZERO, None, None)
    with localcontext(MONEY):
        difference = read.quantity - quantity
        explanation: Explanation | None = None
        if difference and asset in rebasing:
            explanation = "rebasing"
        elif difference and abs(difference) <= dust:
            explanation = "dust"
        explained = difference if explanation else ZERO
        return Reconciliation(
            wallet, asset, quantity, read.quantity, read.block, explained, explanation, difference - explained
        )
