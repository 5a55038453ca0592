"""Profit and loss: what was gained, what is held, and what is not known about either.

The identity, exact for each asset and in all, over a whole history or over a period of it, as long as
`partial` is empty:

    realised + unrealised = proceeds + market value + withdrawn
                            − (opening cost + invested + income + deposited + carried)

Proceeds are net of the fees that come off them, and include the value of coins spent as fees. Invested is
what buys cost, with the fees that go into it (income's too); income is the market value of what was earned;
deposited is the basis, documented or assumed, of coins that came from outside or whose acquisition is
missing; withdrawn is the cost of coins that left unsold; carried is the cost that wraps brought into an asset
less what they took out of it (zero in all). The opening cost is that of what was held when the period began.
It follows from cost in = cost disposed of + withdrawn + cost held, and realised = proceeds − cost disposed
of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import NamedTuple

from .ids import AssetId
from .ledger import Accounting, Ledger, PoolScope
from .lots import MONEY, ZERO, Reason, known_sum
from .methods import METHODS
from .tallies import Tallies, Tally, joined, tally

# For reading, not for adding up.
_RATIO = Context(prec=28, rounding=ROUND_HALF_EVEN)
_STEP = Decimal("0.000001")
_SCOPES: tuple[PoolScope, ...] = ("universal", "wallet")
_TALLIED = (
    *("realised", "realised_short", "realised_long", "income", "fees", "invested", "deposited"),
    *("withdrawn", "carried", "proceeds"),
)
_ADDED = ("opening_cost_usd", "cost_basis_usd", "market_value_usd", "unrealised_usd")


class _Sum(NamedTuple):
    """A sum of what is known, and whether it leaves something out."""

    known: Decimal
    is_partial: bool

    @property
    def shown(self) -> Decimal | None:
        return None if self.is_partial and not self.known else self.known


@dataclass(frozen=True, slots=True)
class AssetPnl:
    """One asset's line; what depends on something unknown is None, and `reasons` says what that is."""

    asset: AssetId
    symbol: str
    quantity: Decimal
    cost_basis_usd: Decimal | None
    average_cost_usd: Decimal | None
    price_usd: Decimal | None
    market_value_usd: Decimal | None
    realised_usd: Decimal | None
    unrealised_usd: Decimal | None
    missing_basis_quantity: Decimal
    reasons: tuple[Reason, ...]
    opening_cost_usd: Decimal | None
    tally: Tally

    @property
    def gained(self) -> Decimal | None:
        """Realised, unrealised and earned; exact in the context MONEY."""
        return known_sum((self.realised_usd, self.unrealised_usd, self.tally.known("income")))

    @property
    def put_in(self) -> Decimal | None:
        """What the gains were made with; exact in the context MONEY."""
        sums = self.tally
        return known_sum((self.opening_cost_usd, *map(sums.known, ("invested", "deposited", "carried"))))


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of what is known; `partial` names the fields that leave something unknown out.

    Such a field is None where the rest comes to nothing: a zero would pass for known. `realised_low_usd` and
    `realised_high_usd` bound the realised gain where a basis was assumed; None where there is no bound.
    `carried_usd` is zero unless only one side of a wrap is among the lines. `return_pct` is
    (realised + unrealised + income) ÷ (opening cost + invested + deposited + carried), in percent, of the
    assets of which all of this is known; None when nothing was put into them.
    """

    realised_usd: Decimal | None
    realised_short_usd: Decimal | None
    realised_long_usd: Decimal | None
    realised_low_usd: Decimal | None
    realised_high_usd: Decimal | None
    unrealised_usd: Decimal | None
    income_usd: Decimal | None
    fees_usd: Decimal | None
    invested_usd: Decimal | None
    deposited_usd: Decimal | None
    withdrawn_usd: Decimal | None
    carried_usd: Decimal | None
    opening_cost_usd: Decimal | None
    proceeds_usd: Decimal | None
    cost_basis_usd: Decimal | None
    market_value_usd: Decimal | None
    return_pct: Decimal | None
    partial: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pnl:
    """The answer: totals and a line for each asset, the most valuable first."""

    totals: Totals
    assets: tuple[AssetPnl, ...]


def profit_and_loss(
    ledger: Ledger,
    prices: Mapping[AssetId, Decimal],
    *,
    start: datetime | None = None,
    before: Mapping[AssetId, Tally] | None = None,
    asset: AssetId | None = None,
) -> Pnl:
    """Gains from `start` on, and what is held at the ledger's end at `prices`; of one `asset` or of all.

    The ledger must hold all history up to the end of the period; `before` are the tallies of what happened
    before its first trade, when it was carried on from a checkpoint (then `start` must be None or later).
    """
    earlier = before or {}
    if start is None:
        opening, inside = {}, joined(earlier, tally(ledger))
    else:
        opening, inside = joined(earlier, tally(ledger, None, start)), tally(ledger, start)
    if asset is not None:
        opening, inside = _only(asset, opening), _only(asset, inside)
    whole = joined(opening, inside)
    with localcontext(MONEY):
        held = _held(ledger, whole)
        lines = [
            _line(
                own, (opening.get(own, Tally()), inside.get(own, Tally()), sums), held[own], prices.get(own)
            )
            for own, sums in whole.items()
        ]
        return Pnl(_totals(lines, every=asset is None), tuple(sorted(lines, key=_by_value)))


def variants(accounting: Accounting) -> tuple[Accounting, ...]:
    """The same rules by every method, in both scopes."""
    return tuple(replace(accounting, method=method, scope=scope) for method in METHODS for scope in _SCOPES)


def _only(asset: AssetId, sums: Tallies) -> Tallies:
    return {asset: sums[asset]} if asset in sums else {}


def _held(ledger: Ledger, whole: Tallies) -> dict[AssetId, tuple[Decimal, Decimal | None]]:
    """Quantity and cost of what is left of each asset: what came in less what went out.

    Only where some cost is not known must the lots be asked whether that one is left.
    """
    costs: dict[AssetId, Decimal | None] = {asset: sums.cost_held for asset, sums in whole.items()}
    doubtful = {asset for asset, sums in whole.items() if sums.unknown_costs}
    if doubtful:
        costs |= dict.fromkeys(doubtful, ZERO)
        for asset, _, lot in ledger.open_lots():
            if asset in doubtful:
                costs[asset] = known_sum((costs[asset], lot.cost))
    return {asset: (sums.quantity_in - sums.quantity_out, costs[asset]) for asset, sums in whole.items()}


def _line(
    asset: AssetId,
    tallies: tuple[Tally, Tally, Tally],
    held: tuple[Decimal, Decimal | None],
    price: Decimal | None,
) -> AssetPnl:
    """A line of the tallies before the period, in it, and of all history."""
    opening, sums, whole = tallies
    quantity, cost = held
    value = ZERO if not quantity else None if price is None else price * quantity
    reasons: tuple[tuple[bool, Reason], ...] = (
        (bool(whole.missing_quantity), "missing_basis"),
        (bool(sums.unpriced) or value is None, "missing_price"),
    )
    return AssetPnl(
        asset=asset,
        symbol=whole.symbol,
        quantity=quantity,
        cost_basis_usd=cost,
        average_cost_usd=None if cost is None or not quantity else _RATIO.divide(cost, quantity),
        price_usd=price,
        market_value_usd=value,
        realised_usd=sums.known("realised"),
        unrealised_usd=None if value is None or cost is None else value - cost,
        missing_basis_quantity=sums.missing_quantity,
        reasons=tuple(reason for holds, reason in reasons if holds),
        opening_cost_usd=_opening_cost(opening),
        tally=sums,
    )


def _opening_cost(opening: Tally) -> Decimal | None:
    """Of what was held then; the lots of then are gone, so one unknown cost before makes it unknown."""
    if opening.quantity_in == opening.quantity_out:
        return ZERO
    return None if opening.unknown_costs else opening.cost_held


def _totals(lines: Sequence[AssetPnl], *, every: bool) -> Totals:
    """The totals of lines, which are of `every` asset or of one."""
    sums = Tally()
    for line in lines:
        sums.include(line.tally)
    if every:
        sums.unknown_carried = 0  # what a wrap takes from one asset it brings into another
    totals = {f"{name}_usd": _Sum(getattr(sums, name), sums.leaves_out(name)) for name in _TALLIED}
    totals |= {name: _sum_known([getattr(line, name) for line in lines]) for name in _ADDED}
    return_pct, left_out = _return(lines)
    bounded = not (sums.unbounded or sums.unknown_proceeds)
    return Totals(
        **{name: each.shown for name, each in totals.items()},
        realised_low_usd=sums.realised_low if bounded else None,
        realised_high_usd=sums.realised_high if bounded else None,
        return_pct=return_pct,
        partial=(
            *(name for name, each in totals.items() if each.is_partial),
            *(["return_pct"] if left_out else []),
        ),
    )


def _sum_known(values: Sequence[Decimal | None]) -> _Sum:
    known = [value for value in values if value is not None]
    return _Sum(sum(known, ZERO), len(known) < len(values))


def _return(lines: Sequence[AssetPnl]) -> tuple[Decimal | None, bool]:
    """Gains for what was put in, of the assets of which both are known; and whether that leaves one out."""
    pairs = [(line.gained, line.put_in) for line in lines]
    known = [(gained, put_in) for gained, put_in in pairs if gained is not None and put_in is not None]
    gained = sum((gained for gained, _ in known), ZERO)
    put_in = sum((put_in for _, put_in in known), ZERO)
    rate = _RATIO.divide(gained * 100, put_in).quantize(_STEP) if put_in > 0 else None
    return rate, len(known) < len(pairs)


def _by_value(line: AssetPnl) -> tuple[bool, Decimal, str]:
    value = line.market_value_usd
    return value is None, ZERO if value is None else -value, line.asset
