"""Fees: where each one goes, by a named set of rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from .lots import ZERO, known_sum, shares
from .trade_type import Trade

FeeRuleName = Literal["standard", "capitalise", "split", "expense"]


@dataclass(frozen=True, slots=True)
class FeeRules:
    """What a fee does to basis and proceeds; every fee is in `fees_usd` whatever it does.

    `buy`: into the basis of what is bought (or earned). `sell`: off the proceeds. `swap`: off the proceeds of
    the asset given, into the basis of the one received, or half and half. `coin`: coins spent as a fee are
    disposed of at market value, or leave at their cost, without a gain. `transfer`: the coins that an own
    transfer costs are such a fee, or their cost stays with the coins that arrive.
    """

    buy: Literal["basis", "expense"] = "basis"
    sell: Literal["proceeds", "expense"] = "proceeds"
    swap: Literal["given", "received", "split", "expense"] = "given"
    coin: Literal["disposal", "at_cost"] = "disposal"
    transfer: Literal["disposal", "basis"] = "disposal"


FEE_RULES: Mapping[FeeRuleName, FeeRules] = {
    # As 26 CFR 1.1001-7 has it for swaps.
    "standard": FeeRules(),
    "capitalise": FeeRules(swap="received", coin="at_cost", transfer="basis"),
    "split": FeeRules(swap="split"),
    "expense": FeeRules(buy="expense", sell="expense", swap="expense"),
}


def fee_of(trade: Trade) -> Decimal | None:
    """The value of a trade's own fee: zero when it has none, None for a coin without a price."""
    if trade.fee_usd is None and trade.fee_asset is None:
        return ZERO
    return trade.fee_usd


def leg_fees(legs: Sequence[Trade], rules: FeeRules) -> dict[str, Decimal | None]:
    """For each buy, income and sell of one event, the fee that goes into its basis or off its proceeds.

    The event's fees are those of its legs and its `fee` trades (gas). What several legs share, they share by
    value, and the last gets the rest. None is a fee of unknown value.
    """
    given = [leg for leg in legs if leg.side == "sell"]
    received = [leg for leg in legs if leg.side in ("buy", "income")]
    gas = known_sum([leg.total_usd for leg in legs if leg.side == "fee"])
    if given and received:
        fee = known_sum([gas, *(fee_of(leg) for leg in given + received)])
        return _swap_fees(given, received, fee, rules)
    alike = given or received
    if (rules.sell if given else rules.buy) == "expense":
        return dict.fromkeys((leg.id for leg in alike), ZERO)
    shared = _shared_out(alike, gas)
    return {leg.id: known_sum([fee_of(leg), shared[leg.id]]) for leg in alike}


def _swap_fees(
    given: Sequence[Trade], received: Sequence[Trade], fee: Decimal | None, rules: FeeRules
) -> dict[str, Decimal | None]:
    off: Decimal | None = ZERO
    into: Decimal | None = ZERO
    if rules.swap == "given":
        off = fee
    elif rules.swap == "received":
        into = fee
    elif rules.swap == "split":
        off, into = (None, None) if fee is None else shares(fee, [Decimal(1), Decimal(1)])
    return _shared_out(given, off) | _shared_out(received, into)


def _shared_out(legs: Sequence[Trade], fee: Decimal | None) -> dict[str, Decimal | None]:
    if fee is None:
        return {leg.id: None for leg in legs}
    values = [leg.total_usd for leg in legs]
    weights = [value for value in values if value is not None]
    if len(weights) < len(legs):
        weights = [Decimal(1)] * len(legs)
    return {leg.id: part for leg, part in zip(legs, shares(fee, weights), strict=True)} if legs else {}
