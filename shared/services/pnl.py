"""Profit and loss of a user's trades: settled, priced, and set against the chains."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol, get_args

from ..chain.cache import BalanceCache
from ..core.failures import Failure
from ..core.ids import Address, AssetId
from ..core.ledger import Accounting, Ledger
from ..core.pnl import Pnl, Totals, profit_and_loss, variants
from ..core.quotes import Price
from ..core.wallets import ledger_of_wallet
from ..store.ports import TradeFilter
from .accounting import Account, Held, LedgerSources, Period, read_accounts
from .reconciliation import Reconciled, reconcile_holdings
from .valuation import AssetSources, describe_assets, price_assets

Part = Literal["lots", "disposals", "transfers"]
PARTS: tuple[Part, ...] = get_args(Part)
_EVENTS: frozenset[Part] = frozenset({"disposals", "transfers"})


class PnlSources(LedgerSources, AssetSources, Protocol):
    """What profit and loss is made of; the Context is one."""

    @property
    def balances(self) -> BalanceCache: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


@dataclass(frozen=True, slots=True)
class PnlQuery:
    """What is asked for; `start` and `until` (None: now) are in the period.

    A `wallet` needs the scope `wallet`.
    """

    rules: Accounting = field(default_factory=Accounting)
    start: datetime | None = None
    until: datetime | None = None
    asset: AssetId | None = None
    wallet: Address | None = None
    include: frozenset[Part] = frozenset()
    compare: bool = False
    reconcile: bool = True

    @property
    def period(self) -> Period:
        """Without a start, what happened is all of history; one wallet's part is not in the sums of all."""
        events = bool(self.include & _EVENTS) and self.start is None
        return Period(self.start, self.until, events or self.wallet is not None)

    @property
    def compared(self) -> Period:
        """What is looked at by other rules: only what it came to."""
        return Period(self.start, self.until, self.wallet is not None)

    @property
    def variants(self) -> tuple[Accounting, ...]:
        """The rules to compare; a wallet has gains of its own in its own pool only."""
        return tuple(each for each in variants(self.rules) if self.wallet is None or each.scope == "wallet")


@dataclass(frozen=True, slots=True)
class Comparison:
    """The totals of the same trades by other rules."""

    rules: Accounting
    totals: Totals


@dataclass(frozen=True, slots=True)
class PnlAnswer:
    """All of it; `ledger` has the events behind the sums, of the query's wallet only if it names one.

    `mismatched` are trades that count but are not what their transactions showed, with their assets.
    """

    query: PnlQuery
    pnl: Pnl
    ledger: Ledger
    prices: Mapping[AssetId, Price]
    reconciled: Reconciled
    comparison: tuple[Comparison, ...]
    mismatched: Mapping[str, AssetId]
    failures: tuple[Failure, ...]
    as_of: datetime

    @property
    def complete(self) -> bool:
        return not self.failures


async def read_pnl(user: str, query: PnlQuery, sources: PnlSources) -> PnlAnswer:
    """The user's gains over a period, and what is held at its end at today's prices.

    Upstream failures are in the answer; raises StoreUnavailable.
    """
    query = replace(query, until=query.until or sources.clock())
    accounts = _read_all(user, query, sources)
    account = await anext(accounts)
    ledger = await asyncio.to_thread(_seen, account, query)
    valued = _to_value(account, ledger, query)
    held = _to_reconcile(account.held, query)
    described = await describe_assets([*valued, *(asset for _, asset in held)], sources)
    (prices, failures), reconciled = await asyncio.gather(
        price_assets(valued, described, sources), reconcile_holdings(held, described, sources)
    )
    known = {asset: price.price_usd for asset, price in prices.items() if price.price_usd is not None}
    pnl = await asyncio.to_thread(_work_out, account, ledger, known, query)
    return PnlAnswer(
        query=query,
        pnl=pnl,
        ledger=ledger,
        prices=prices,
        reconciled=reconciled,
        comparison=await _compare(pnl, accounts, known, query) if query.compare else (),
        mismatched=await _read_mismatched(user, query, sources),
        failures=tuple(dict.fromkeys((*described.failures, *failures, *reconciled.failures))),
        as_of=reconciled.read_at or sources.clock(),
    )


async def _read_mismatched(user: str, query: PnlQuery, sources: LedgerSources) -> dict[str, AssetId]:
    """Of all wallets: what a trade is said to have cost goes where its coins go."""
    where = TradeFilter(status="confirmed", mismatched=True)
    found = [trade async for chunk in sources.store.log.read_trades(user, where) for trade in chunk]
    return {
        trade.id: trade.asset for trade in found if query.until is None or trade.executed_at <= query.until
    }


def _seen(account: Account, query: PnlQuery) -> Ledger:
    if query.wallet is None:
        return account.ledger
    return ledger_of_wallet(account.ledger, account.plan, query.wallet)


def _to_value(account: Account, ledger: Ledger, query: PnlQuery) -> Collection[AssetId]:
    """The assets that need a price: those of which something is held, by any of the methods compared."""
    if query.compare:
        assets = {trade.asset for trade in account.plan.trades} | account.before.keys()
    else:
        assets = {asset for (asset, _), pool in ledger.pools.items() if next(iter(pool), None) is not None}
        assets |= {asset for asset, _ in ledger.transit.values()}
    return sorted(assets if query.asset is None else assets & {query.asset})


def _to_reconcile(held: Held, query: PnlQuery) -> Held:
    if not query.reconcile:
        return {}
    return {
        (wallet, asset): quantity
        for (wallet, asset), quantity in held.items()
        if query.asset in (None, asset) and query.wallet in (None, wallet)
    }


def _work_out(account: Account, ledger: Ledger, prices: Mapping[AssetId, Decimal], query: PnlQuery) -> Pnl:
    return profit_and_loss(ledger, prices, start=query.start, before=account.before, asset=query.asset)


async def _read_all(user: str, query: PnlQuery, sources: LedgerSources) -> AsyncIterator[Account]:
    """The account that is asked for, then those by other rules: one reading of the trades serves all of them,
    unless its events are asked for too, which takes all of history.
    """
    others = [rules for rules in query.variants if rules != query.rules] if query.compare else []
    together = query.period == query.compared
    async for account in read_accounts(
        user, [query.rules, *(others if together else [])], query.period, sources
    ):
        yield account
    if others and not together:
        async for account in read_accounts(user, others, query.compared, sources):
            yield account


async def _compare(
    pnl: Pnl, others: AsyncIterator[Account], prices: Mapping[AssetId, Decimal], query: PnlQuery
) -> tuple[Comparison, ...]:
    """One after the other, because each of a large account takes as much memory as the trades do."""
    totals = {query.rules: pnl.totals}
    async for account in others:
        ledger = await asyncio.to_thread(_seen, account, query)
        other = await asyncio.to_thread(_work_out, account, ledger, prices, query)
        totals[ledger.accounting] = other.totals
    return tuple(Comparison(rules, totals[rules]) for rules in query.variants)
