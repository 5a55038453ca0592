"""A user's trades settled into a ledger; where a checkpoint holds, only what came after it is read."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from hashlib import blake2b
from itertools import repeat
from typing import Protocol

from ..core.amounts import format_decimal
from ..core.chains import Chains
from ..core.checkpoints import Checkpoint, boundary, fingerprint, fold, from_state, resume, to_state
from ..core.events import Plan
from ..core.ids import Address, AssetId, erc20_asset_id
from ..core.ledger import Accounting, Ledger
from ..core.lots import MONEY
from ..core.reconcile import Holder, replayed
from ..core.settlement import keep, plan_of
from ..core.tallies import Tallies
from ..core.trades import Trade
from ..core.transfers import Families, Matching
from ..errors import StoreUnavailable
from ..store.ports import SavedCheckpoint, Store, TradeFilter, TradeLog

# Fewer trades than these are settled sooner than a checkpoint is written and read.
WORTH_KEEPING = 500

Held = Mapping[Holder, Decimal]


class LedgerSources(Protocol):
    """Where trades are kept; the Context is one."""

    @property
    def store(self) -> Store: ...


@dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: from `start` on, up to and including `until`; None is open.

    `whole` asks for every event of the history, not only what it came to.
    """

    start: datetime | None = None
    until: datetime | None = None
    whole: bool = False

    def may_begin_after(self, at: datetime) -> bool:
        """Whether what happened up to and including a time may be known only as sums."""
        return not self.whole and (self.start is None or self.start > at) and (self.until or at) >= at


@dataclass(frozen=True, slots=True)
class Account:
    """A settled history: what `ledger` does not tell is in `before`, the tallies of what came earlier.

    `held` is what each wallet should hold by all trades, whatever the period; `plan` is of the trades read.
    """

    ledger: Ledger
    before: Tallies
    held: Held
    plan: Plan


@dataclass(frozen=True, slots=True)
class _Base:
    """A checkpoint, and what was held by then."""

    checkpoint: Checkpoint
    held: Held


async def read_account(
    user: str,
    rules: Accounting,
    period: Period,
    sources: LedgerSources,
    *,
    worth_keeping: int = WORTH_KEEPING,
) -> Account:
    """The user's confirmed trades settled by the rules. Raises StoreUnavailable.

    When so many trades are settled, what they come to is kept for the next time.
    """
    (account,) = [
        each async for each in read_accounts(user, [rules], period, sources, worth_keeping=worth_keeping)
    ]
    return account


async def read_accounts(
    user: str,
    variants: Sequence[Accounting],
    period: Period,
    sources: LedgerSources,
    *,
    worth_keeping: int = WORTH_KEEPING,
) -> AsyncIterator[Account]:
    """The same trades settled by several rules that differ in method, scope and policy, one after the other.

    Raises StoreUnavailable.
    """
    log = sources.store.log
    revision = await log.read_revision(user)
    bases = await _load_bases(user, variants, period, sources.store)
    trades = await _read_after(user, bases, log)
    if bases and await log.joins_earlier(user, trades, bases[0].checkpoint.boundary):
        bases = []
        trades = await _read_after(user, bases, log)
    plan = await asyncio.to_thread(plan_of, trades, variants[0])
    for rules, base in zip(variants, bases or repeat(None, len(variants)), strict=True):
        if len(trades) >= worth_keeping and _is_common(rules):
            later, rest = await _advance(user, rules, period, base, plan, revision, sources.store)
        else:
            later, rest = base, plan
        yield await asyncio.to_thread(_settle, rest, rules, period, later)


async def read_plan(user: str, rules: Accounting, sources: LedgerSources) -> Plan:
    """All of the user's confirmed trades, read as events. Raises StoreUnavailable."""
    trades = await _read_after(user, [], sources.store.log)
    return await asyncio.to_thread(plan_of, trades, rules)


def families_of(chains: Chains) -> Families:
    """What is one and the same for accounting: a coin and its wrapping, and ether on every chain of its own.

    A bridge and a withdrawal from an exchange are then own transfers, which carry the basis.
    """
    ether = {"ETH", "WETH"}
    groups = []
    for chain in chains:
        coins = {chain.native_asset_id}
        if chain.wrapped_native is not None:
            coins.add(erc20_asset_id(chain.chain_id, chain.wrapped_native))
        if chain.native.symbol == "ETH" and not chain.testnet:
            ether |= coins
        elif len(coins) > 1:
            groups.append(frozenset[str](coins))
    return Families((frozenset(ether), *groups))


async def _read_after(user: str, bases: Sequence[_Base], log: TradeLog) -> list[Trade]:
    since = bases[0].checkpoint.boundary + timedelta.resolution if bases else None
    where = TradeFilter(status="confirmed", since=since)
    return [trade async for chunk in log.read_trades(user, where) for trade in chunk]


def _settle(plan: Plan, rules: Accounting, period: Period, base: _Base | None) -> Account:
    ledger = Ledger(rules) if base is None else resume(base.checkpoint, rules)
    return Account(
        ledger=keep(plan, ledger, period.until),
        before={} if base is None else base.checkpoint.tallies,
        held=_held(base, plan.trades),
        plan=plan,
    )


def _fold(plan: Plan, rules: Accounting, period: Period, base: _Base | None) -> tuple[_Base, Plan] | None:
    """A later base and the plan of what is behind it; None where the period needs what it would cover."""
    at = boundary(plan, rules)
    if at is None or not period.may_begin_after(at):
        return None
    folded = fold(plan, rules, None if base is None else base.checkpoint)
    if folded is None:
        return None
    early = [trade for trade in plan.trades if trade.executed_at <= folded.boundary]
    rest = plan_of(plan.trades[len(early) :], rules)
    return _Base(folded, _held(base, early)), rest


def _held(base: _Base | None, trades: Iterable[Trade]) -> Held:
    held: dict[Holder, Decimal] = defaultdict(Decimal, base.held if base is not None else {})
    with localcontext(MONEY):
        for holder, quantity in replayed(trades).items():
            held[holder] += quantity
    return dict(held)


async def _load_bases(user: str, variants: Sequence[Accounting], period: Period, store: Store) -> list[_Base]:
    """One for each of the rules, all up to the same time; else none."""
    bases: list[_Base] = []
    for rules in variants:
        base = await _load_base(user, rules, period, store)
        if base is None or (bases and base.checkpoint.boundary != bases[0].checkpoint.boundary):
            return []
        bases.append(base)
    return bases


async def _load_base(user: str, rules: Accounting, period: Period, store: Store) -> _Base | None:
    if period.whole or not _is_common(rules):
        return None
    saved = await store.checkpoints.load_checkpoint(user, _name(rules))
    if saved is None or not period.may_begin_after(saved.boundary):
        return None
    return await asyncio.to_thread(_parse, saved.state)


async def _advance(
    user: str, rules: Accounting, period: Period, base: _Base | None, plan: Plan, revision: str, store: Store
) -> tuple[_Base | None, Plan]:
    """A later base, kept for the next time, and what is left to settle; or all as it is."""
    folded = await asyncio.to_thread(_fold, plan, rules, period, base)
    if folded is None:
        return base, plan
    later, rest = folded
    saved = SavedCheckpoint(revision, later.checkpoint.boundary, await asyncio.to_thread(_format, later))
    with suppress(StoreUnavailable):  # the answer is there: it only takes longer the next time
        await store.checkpoints.save_checkpoint(user, _name(rules), saved)
    return later, rest


def _is_common(rules: Accounting) -> bool:
    """Rules that are asked for again; matching to one's own taste would leave a checkpoint for each try."""
    return rules.matching == Matching()


def _name(rules: Accounting) -> str:
    return f"pnl-{blake2b(fingerprint(rules).encode(), digest_size=16).hexdigest()}"


def _format(base: _Base) -> bytes:
    held = [[wallet, asset, format_decimal(quantity)] for (wallet, asset), quantity in base.held.items()]
    return json.dumps({"checkpoint": to_state(base.checkpoint), "held": held}).encode()


def _parse(state: bytes) -> _Base | None:
    """None for one that another version wrote."""
    content = json.loads(state)
    try:
        checkpoint = from_state(content["checkpoint"])
    except ValueError:
        return None
    held: dict[Holder, Decimal] = {
        (None if wallet is None else Address(wallet), AssetId(asset)): Decimal(quantity)
        for wallet, asset, quantity in content["held"]
    }
    return _Base(checkpoint, held)
