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

from .ids import AssetId
from .ledger import Accounting, Ledger, PoolScope
from .lots import MONEY, ZERO, Reason, known_sum
from .methods import METHODS
from .tallies import Tallies, Tally, joined, tally

# For reading, not for adding up.
_RATIO = Context(prec=28, rounding=ROUND_HALF_EVEN)
_STEP = Decimal("0.000001")
_SCOPES: tuple[PoolScope, ...] = ("universal", "wallet")


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
    opening_cost_usd: Decimal
    tally: Tally


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of what is known; `partial` names the fields that leave something unknown out.

    `realised_low_usd` and `realised_high_usd` bound the realised gain where a basis was assumed; None where
    there is no bound. `carried_usd` is zero unless only one side of a wrap is among the lines. `return_pct`
    is (realised + unrealised + income) ÷ (opening cost + invested + deposited), in percent; None when nothing
    was put in.
    """

    realised_usd: Decimal
    realised_short_usd: Decimal
    realised_long_usd: Decimal
    realised_low_usd: Decimal | None
    realised_high_usd: Decimal | None
    unrealised_usd: Decimal
    income_usd: Decimal
    fees_usd: Decimal
    invested_usd: Decimal
    deposited_usd: Decimal
    withdrawn_usd: Decimal
    carried_usd: Decimal
    opening_cost_usd: Decimal
    proceeds_usd: Decimal
    cost_basis_usd: Decimal
    market_value_usd: Decimal
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
        return Pnl(_totals(lines), tuple(sorted(lines, key=_by_value)))


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
        realised_usd=None if sums.unknown_gains else sums.realised,
        unrealised_usd=None if value is None or cost is None else value - cost,
        missing_basis_quantity=sums.missing_quantity,
        reasons=tuple(reason for holds, reason in reasons if holds),
        opening_cost_usd=opening.cost_held,
        tally=sums,
    )


def _totals(lines: Sequence[AssetPnl]) -> Totals:
    sums = Tally()
    opening_cost = sum((line.opening_cost_usd for line in lines), ZERO)
    for line in lines:
        sums.include(line.tally)
    unrealised = sum((line.unrealised_usd for line in lines if line.unrealised_usd is not None), ZERO)
    gained = sums.realised + unrealised + sums.income
    base = opening_cost + sums.invested + sums.deposited
    return Totals(
        realised_usd=sums.realised,
        realised_short_usd=sums.realised_short,
        realised_long_usd=sums.realised_long,
        realised_low_usd=None if sums.unbounded or sums.unknown_proceeds else sums.realised_low,
        realised_high_usd=None if sums.unbounded or sums.unknown_proceeds else sums.realised_high,
        unrealised_usd=unrealised,
        income_usd=sums.income,
        fees_usd=sums.fees,
        invested_usd=sums.invested,
        deposited_usd=sums.deposited,
        withdrawn_usd=sums.withdrawn,
        carried_usd=sums.carried,
        opening_cost_usd=opening_cost,
        proceeds_usd=sums.proceeds,
        cost_basis_usd=sum((line.cost_basis_usd for line in lines if line.cost_basis_usd is not None), ZERO),
        market_value_usd=sum(
            (line.market_value_usd for line in lines if line.market_value_usd is not None), ZERO
        ),
        return_pct=_RATIO.divide(gained * 100, base).quantize(_STEP) if base else None,
        partial=_partial(lines, sums),
    )


def _partial(lines: Sequence[AssetPnl], sums: Tally) -> tuple[str, ...]:
    """The fields of Totals that leave something unknown out."""
    found = {
        "realised_usd": bool(sums.unknown_gains),
        "proceeds_usd": bool(sums.unknown_proceeds),
        "invested_usd": bool(sums.unknown_costs),
        "income_usd": bool(sums.unknown_income),
        "fees_usd": bool(sums.unknown_fees),
        "cost_basis_usd": any(line.cost_basis_usd is None for line in lines),
        "market_value_usd": any(line.market_value_usd is None for line in lines),
        "unrealised_usd": any(line.unrealised_usd is None for line in lines),
    }
    names = [name for name, holds in found.items() if holds]
    depends = {"realised_usd", "unrealised_usd", "invested_usd"} & set(names)
    return tuple([*names, "return_pct"] if depends else names)


def _by_value(line: AssetPnl) -> tuple[bool, Decimal, str]:
    value = line.market_value_usd
    return value is None, ZERO if value is None else -value, line.asset
