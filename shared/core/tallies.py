"""Tallies: what happened, added up for each asset; they add up to one another, so they can be carried on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, tzinfo
from decimal import Decimal, localcontext
from functools import partial
from operator import attrgetter

from .disposals import Acquisition, Acquisitions, Charge, Disposal, Disposals, Move
from .ids import AssetId
from .ledger import Ledger
from .lots import MONEY, ZERO, known_sum
from .terms import Term, term

_traded_at = attrgetter("executed_at")


@dataclass(slots=True)
class Tally:
    """Sums over one asset (or over all of them). Unknown amounts are left out, and counted in `unknown_…` of
    the sum that they are missing from.

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
    unknown_invested: int = 0
    unknown_income: int = 0
    unknown_deposited: int = 0
    unknown_withdrawn: int = 0
    unknown_carried: int = 0
    unknown_proceeds: int = 0
    unknown_cost_disposed: int = 0
    unknown_realised: int = 0
    unknown_realised_short: int = 0
    unknown_realised_long: int = 0
    unknown_fees: int = 0
    assumed_gains: int = 0
    unbounded: int = 0

    def include(self, other: Tally) -> None:
        """Add another tally to this one; exact in the context MONEY."""
        self.symbol = other.symbol or self.symbol
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def leaves_out(self, name: str) -> bool:
        """Whether something unknown is missing from the sum of this name."""
        return bool(getattr(self, f"unknown_{name}"))

    def known(self, name: str) -> Decimal | None:
        """The sum of this name; None when something unknown is missing from it."""
        total: Decimal = getattr(self, name)
        return None if self.leaves_out(name) else total

    @property
    def unknown_costs(self) -> bool:
        """Whether `cost_held` may be another."""
        return any(self.leaves_out(name) for name in _COSTS)

    @property
    def cost_in(self) -> Decimal:
        """All cost that came in, by whatever way; exact in the context MONEY."""
        return self.invested + self.income + self.deposited + self.carried

    @property
    def cost_held(self) -> Decimal:
        """What came in less what went out, of the costs that are known; exact in the context MONEY."""
        return self.cost_in - self.cost_disposed - self.withdrawn


_COSTS = ("invested", "income", "deposited", "withdrawn", "carried", "cost_disposed")
SUMS = tuple(each.name for each in fields(Tally) if each.name != "symbol")
Tallies = dict[AssetId, Tally]


def tally(ledger: Ledger, start: datetime | None = None, end: datetime | None = None) -> Tallies:
    """What happened from `start` to before `end`, for each asset."""
    sums: Tallies = defaultdict(Tally)
    within = partial(_within, start=start, end=end)
    with localcontext(MONEY):
        _add_acquisitions(sums, ledger.acquisitions, within(map(_traded_at, ledger.acquisitions.trades)))
        sales = within(map(_traded_at, ledger.disposals.trades))
        _add_disposals(sums, ledger.disposals, sales, ledger.accounting.zone)
        for index in within(each.trade.executed_at for each in ledger.withdrawals):
            withdrawal = ledger.withdrawals[index]
            _add_withdrawal(sums[withdrawal.asset], withdrawal)
        for index in within(each.match.sent_at for each in ledger.moves):
            _add_move(sums, ledger.moves[index])
        for index in within(each.trade.executed_at for each in ledger.charges):
            charge = ledger.charges[index]
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


def _within(times: Iterable[datetime], start: datetime | None, end: datetime | None) -> list[int]:
    """Which of the times are from `start` to before `end`."""
    return [
        index
        for index, at in enumerate(times)
        if (start is None or at >= start) and (end is None or at < end)
    ]


def _add_acquisitions(sums: Tallies, acquisitions: Acquisitions, chosen: Iterable[int]) -> None:
    """Plain purchases, nearly all there are, are added up from their columns."""
    trades, lots, odd = acquisitions.trades, acquisitions.lots, acquisitions.odd
    for index in chosen:
        trade, (_, _, quantity, cost, _, _, _) = trades[index], lots[index]
        if index in odd or cost is None:
            acquisition = acquisitions[index]
            _add_acquisition(sums[acquisition.asset], acquisition)
            continue
        own = sums[trade.asset]
        own.symbol = trade.symbol
        own.quantity_in += quantity
        own.invested += cost


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
    if kind in ("buy", "income"):
        if cost is None:
            sums.unknown_invested += 1
        else:
            sums.invested += cost
    elif cost is None:
        sums.unknown_deposited += 1
    else:
        sums.deposited += cost


def _add_disposals(sums: Tallies, disposals: Disposals, chosen: Iterable[int], zone: tzinfo) -> None:
    """Plain sales, nearly all there are, are added up from their columns."""
    trades, odd = disposals.trades, disposals.odd
    for index in chosen:
        if index in odd or not _add_sale(sums[trades[index].asset], disposals, index, zone):
            disposal = disposals[index]
            _add_disposal(sums[disposal.asset], disposal, zone)


def _add_sale(sums: Tally, disposals: Disposals, index: int, zone: tzinfo) -> bool:
    """Add a sale if its gain is known and certain, and all of one term; else add nothing."""
    trade, proceeds = disposals.trades[index], disposals.proceeds[index]
    at, cost, length = trade.executed_at, ZERO, None
    for lot, spent in zip(*disposals.taken(index), strict=True):
        own_length = term(lot[1], at, zone)
        if spent is None or lot[4] is not None or own_length != (length or own_length):
            return False
        cost += spent
        length = own_length
    if proceeds is None or length is None:
        return False
    gain = proceeds - cost
    sums.quantity_out += trade.amount
    sums.proceeds += proceeds
    sums.cost_disposed += cost
    sums.realised += gain
    sums.realised_low += gain
    sums.realised_high += gain
    _add_gain(sums, gain, length)
    return True


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
        sums.unknown_cost_disposed += 1
    else:
        sums.cost_disposed += cost
    if gain is None:
        _add_unknown_gain(sums, disposal, zone)
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
        _add_gain(sums, gain, length)


def _add_gain(sums: Tally, gain: Decimal, length: Term) -> None:
    if length == "long":
        sums.realised_long += gain
    else:
        sums.realised_short += gain


def _add_unknown_gain(sums: Tally, disposal: Disposal, zone: tzinfo) -> None:
    sums.unknown_realised += 1
    for part in disposal.parts:
        if term(part.acquired_at, disposal.disposed_at, zone) == "long":
            sums.unknown_realised_long += 1
        else:
            sums.unknown_realised_short += 1


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
        sums.unknown_withdrawn += 1
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
    if match.asset_sent == match.asset_received:
        return
    if cost is None:
        sums[match.asset_sent].unknown_carried += 1
        sums[match.asset_received].unknown_carried += 1
    else:
        sums[match.asset_sent].carried -= cost
        sums[match.asset_received].carried += cost


def _add_charge(sums: Tally, charge: Charge) -> None:
    if charge.usd is None:
        sums.unknown_fees += 1
    else:
        sums.fees += charge.usd
