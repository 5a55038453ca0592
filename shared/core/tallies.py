"""Tallies: what happened, added up for each asset; they add up to one another, so they can be carried on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from decimal import Decimal, localcontext
from typing import TypeVar

from .disposals import Acquisition, Charge, Disposal, Move
from .ids import AssetId
from .ledger import Ledger
from .lots import MONEY, ZERO, known_sum

_Event = TypeVar("_Event")


@dataclass(slots=True)
class Tally:
    """Sums over one asset (or over all of them). Unknown amounts are left out, and counted in `unknown_…`.

    `invested` is what buys cost, and the fees that went into the basis of income; `income` the market value
    of what was earned; `deposited` the basis of coins that came from outside or whose acquisition is missing;
    `withdrawn` the cost of those that left without a sale; `carried` the cost that changes of asset brought
    in less what they took away. `realised_low` and `realised_high` are the bounds of `realised` when doubtful
    costs are taken at their highest and lowest; `unbounded` counts the disposals that have no such bound,
    which the bounds leave out. `unpriced` counts what has no price or value, whatever depends on it.
    """

    symbol: str = ""
    quantity_in: Decimal = ZERO
    quantity_out: Decimal = ZERO
    missing_quantity: Decimal = ZERO
    invested: Decimal = ZERO
    income: Decimal = ZERO
    deposited: Decimal = ZERO
    withdrawn: Decimal = ZERO
    carried: Decimal = ZERO
    proceeds: Decimal = ZERO
    cost_disposed: Decimal = ZERO
    realised: Decimal = ZERO
    realised_short: Decimal = ZERO
    realised_long: Decimal = ZERO
    realised_low: Decimal = ZERO
    realised_high: Decimal = ZERO
    fees: Decimal = ZERO
    unpriced: int = 0
    unknown_costs: int = 0
    unknown_income: int = 0
    unknown_proceeds: int = 0
    unknown_gains: int = 0
    unknown_fees: int = 0
    assumed_gains: int = 0
    unbounded: int = 0

    def include(self, other: Tally) -> None:
        """Add another tally to this one; exact in the context MONEY."""
        self.symbol = other.symbol or self.symbol
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def cost_in(self) -> Decimal:
        """All cost that came in, by whatever way; exact in the context MONEY."""
        return self.invested + self.income + self.deposited + self.carried

    @property
    def cost_held(self) -> Decimal:
        """What came in less what went out, of the costs that are known; exact in the context MONEY."""
        return self.cost_in - self.cost_disposed - self.withdrawn


SUMS = tuple(each.name for each in fields(Tally) if each.name != "symbol")
Tallies = dict[AssetId, Tally]


def tally(ledger: Ledger, start: datetime | None = None, end: datetime | None = None) -> Tallies:
    """What happened from `start` to before `end`, for each asset."""
    sums: Tallies = defaultdict(Tally)
    zone = ledger.accounting.zone
    with localcontext(MONEY):
        for acquisition in _within(ledger.acquisitions, lambda each: each.trade.executed_at, start, end):
            _add_acquisition(sums[acquisition.asset], acquisition)
        for disposal in _within(ledger.disposals, lambda each: each.trade.executed_at, start, end):
            _add_disposal(sums[disposal.asset], disposal, zone)
        for withdrawal in _within(ledger.withdrawals, lambda each: each.trade.executed_at, start, end):
            _add_withdrawal(sums[withdrawal.asset], withdrawal)
        for move in _within(ledger.moves, lambda each: each.match.sent_at, start, end):
            _add_move(sums, move)
        for charge in _within(ledger.charges, lambda each: each.trade.executed_at, start, end):
            _add_charge(sums[charge.asset], charge)
    return dict(sums)


def joined(one: Mapping[AssetId, Tally], other: Mapping[AssetId, Tally]) -> Tallies:
    """Two sets of tallies, of one history after the other, as one."""
    sums: Tallies = defaultdict(Tally)
    with localcontext(MONEY):
        for tallies in (one, other):
            for asset, each in tallies.items():
                sums[asset].include(each)
    return dict(sums)


def _within(
    events: Sequence[_Event],
    time_of: Callable[[_Event], datetime],
    start: datetime | None,
    end: datetime | None,
) -> Sequence[_Event]:
    if start is None and end is None:
        return events
    return [
        each
        for each in events
        if (start is None or time_of(each) >= start) and (end is None or time_of(each) < end)
    ]


def _add_acquisition(sums: Tally, acquisition: Acquisition) -> None:
    kind, trade, asset, value, lot = acquisition
    if trade.asset == asset:
        sums.symbol = trade.symbol
    sums.quantity_in += lot.quantity
    if lot.doubt is not None and lot.doubt.reason == "missing_basis":
        sums.missing_quantity += lot.quantity
    cost = lot.cost
    sums.unpriced += lot.doubt is not None and lot.doubt.reason == "missing_price"
    if kind == "income":
        sums.unknown_income += value is None
        sums.income += value or ZERO  # counted as unknown above
        cost = None if cost is None or value is None else cost - value
    if cost is None:
        sums.unknown_costs += 1
    elif kind in ("buy", "income"):
        sums.invested += cost
    else:
        sums.deposited += cost


def _add_disposal(sums: Tally, disposal: Disposal, zone: tzinfo) -> None:
    proceeds, parts, cost = disposal.proceeds, disposal.parts, disposal.cost_basis
    gain = None if proceeds is None or cost is None else proceeds - cost
    sums.quantity_out += disposal.quantity
    if proceeds is None:
        sums.unknown_proceeds += 1
        sums.unpriced += 1
    else:
        sums.proceeds += proceeds
    if cost is None:
        sums.unknown_costs += 1
    else:
        sums.cost_disposed += cost
    if gain is None:
        sums.unknown_gains += 1
    else:
        sums.realised += gain
        _add_terms(sums, disposal, zone)
    if all(part[4] is None for part in parts):
        if gain is not None:
            sums.realised_low += gain
            sums.realised_high += gain
    else:
        _add_bounds(sums, disposal)


def _add_terms(sums: Tally, disposal: Disposal, zone: tzinfo) -> None:
    for gain, length in disposal.gains_by_part(zone):
        if length == "long":
            sums.realised_long += gain
        else:
            sums.realised_short += gain


def _add_bounds(sums: Tally, disposal: Disposal) -> None:
    sums.assumed_gains += disposal.gain is not None
    low, high = disposal.gain_low, disposal.gain_high
    if low is None or high is None:
        sums.unbounded += 1
    else:
        sums.realised_low += low
        sums.realised_high += high


def _add_withdrawal(sums: Tally, withdrawal: Disposal) -> None:
    sums.quantity_out += withdrawal.quantity
    if withdrawal.cost_basis is None:
        sums.unknown_costs += 1
    else:
        sums.withdrawn += withdrawal.cost_basis


def _add_move(sums: Tallies, move: Move) -> None:
    """Within an asset nothing comes or goes, unless the units changed on the way."""
    match = move.match
    if match.asset_sent == match.asset_received and move.drawn in (ZERO, match.received):
        return
    sums[match.asset_sent].quantity_out += move.drawn
    sums[match.asset_received].quantity_in += match.received
    cost = known_sum([part.cost for part in move.parts])
    if cost is None:
        sums[match.asset_received].unknown_costs += 1
    else:
        sums[match.asset_sent].carried -= cost
        sums[match.asset_received].carried += cost


def _add_charge(sums: Tally, charge: Charge) -> None:
    if charge.usd is None:
        sums.unknown_fees += 1
    else:
        sums.fees += charge.usd
