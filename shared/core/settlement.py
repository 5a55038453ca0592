"""Settling a history: each trade entered into the ledger, by its rules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import localcontext
from operator import itemgetter

from .bulk import without_collection
from .clerk import Clerk
from .disposals import Charge
from .events import Plan, read_events
from .ledger import Accounting, Ledger
from .lots import MONEY
from .trade_type import Trade

_executed_at = itemgetter(Trade._fields.index("executed_at"))


def settle(
    trades: Iterable[Trade], accounting: Accounting | None = None, until: datetime | None = None
) -> Ledger:
    """The ledger of a history, in whatever order its trades come; what is after `until` is matched only."""
    rules = accounting or Accounting()
    return keep(plan_of(trades, rules), Ledger(rules), until)


def plan_of(trades: Iterable[Trade], accounting: Accounting) -> Plan:
    """The trades read as events; the plan serves every method, scope and policy with the same fee rules."""
    with localcontext(MONEY):
        return read_events(trades, accounting.fees, accounting.matching, accounting.families)


def keep(plan: Plan, ledger: Ledger, until: datetime | None = None) -> Ledger:
    """The ledger carried on by a plan's trades, up to and including `until`."""
    ledger.matches += plan.matches
    trades = plan.trades
    if until is not None:
        trades = trades[: bisect_right(trades, until, key=_executed_at)]
    with localcontext(MONEY), without_collection():
        _enter_all(trades, plan, ledger)
    return ledger


def _enter_all(trades: Sequence[Trade], plan: Plan, ledger: Ledger) -> None:
    """Plain buys and sales, nearly all there are, enter on a short way; it does what the clerk would do."""
    clerk, odd = Clerk(plan, ledger), _odd(trades, plan, ledger.accounting)
    rules, holdings = ledger.accounting.fees, clerk.holdings
    bought, sold = ledger.acquisitions, ledger.disposals
    parts, held, last_asset, last_wallet = sold.parts, None, None, None
    for trade in trades:
        trade_id, _, side, asset, _, amount, kind, _, total, fee, _, _, wallet, _, at = trade[:15]
        if total is None or kind != "token" or (odd and trade_id in odd):
            clerk.enter(trade)
            continue
        if asset != last_asset or (wallet is not last_wallet and wallet != last_wallet) or held is None:
            last_asset, last_wallet, held = asset, wallet, holdings.pool(asset, wallet)
        if side == "buy":
            cost = total + fee if fee and rules.buy == "basis" else total
            lot = (trade_id, at, amount, cost, None, amount, cost)
            held.add(lot)
            bought.trades.append(trade)
            bought.lots.append(lot)
        elif side == "sell":
            short = held.draw(amount, parts)
            if short:
                parts.add(holdings.missing(trade, asset, amount, short, total))
            sold.trades.append(trade)
            sold.proceeds.append(total - fee if fee and rules.sell == "proceeds" else total)
            sold.ends.append(len(parts.lots))
        else:
            clerk.enter(trade)
            continue
        if fee:
            ledger.charges.append(Charge(trade, asset, fee))


def _odd(trades: Sequence[Trade], plan: Plan, accounting: Accounting) -> set[str]:
    """Trades that only the clerk can enter: they move lots, name them, or have a fee that is not plain."""
    odd = plan.moves.keys() | plan.fees.keys()
    if accounting.method == "specific":
        odd.update(trade.id for trade in trades if trade.lots)
    return odd
