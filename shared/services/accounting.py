"""A user's trades settled into a ledger; where a checkpoint holds, only what came after it is read."""

from __future__ import annotations

import asyncio
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from hashlib import blake2b
from itertools import repeat
from operator import attrgetter
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
# What is this recent stays open: many trades are dated by the day, and are entered on it one after another.
_OPEN = timedelta(days=1)

Held = Mapping[Holder, Decimal]


class LedgerSources(Protocol):
    """Where trades are kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


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


@dataclass(frozen=True, slots=True)
class _Cut:
    """The part of a history that is closed at a time, and what was held by then."""

    at: datetime
    plan: Plan
    held: Held


@dataclass(frozen=True, slots=True)
class _Reading:
    """Trades read as events, and what is held by all of them; of a `cut` history, the plan is of the rest."""

    plan: Plan
    held: Held
    cut: _Cut | None


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
    before = bases[0].held if bases else {}
    now = sources.clock()
    reading = await asyncio.to_thread(_read, trades, variants[0], period, before, worth_keeping, now)
    for rules, base in zip(variants, bases or repeat(None, len(variants)), strict=True):
        later = (
            base
            if reading.cut is None
            else await _advance(user, rules, base, reading.cut, revision, sources.store)
        )
        yield await asyncio.to_thread(_settle, reading, rules, period, later)


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


def _read(
    trades: Sequence[Trade],
    rules: Accounting,
    period: Period,
    before: Held,
    worth_keeping: int,
    now: datetime,
) -> _Reading:
    """What is the same by every method and scope of settling the trades; `before` them, so much was held."""
    plan = plan_of(trades, rules)
    at = _boundary(plan, rules, now) if len(trades) >= worth_keeping and _is_common(rules) else None
    early = 0 if at is None else bisect_right(plan.trades, at, key=attrgetter("executed_at"))
    if at is None or early < worth_keeping or not period.may_begin_after(at):
        return _Reading(plan, _held(before, plan.trades), None)
    held = _held(before, plan.trades[:early])
    rest = plan_of(plan.trades[early:], rules)
    return _Reading(rest, _held(held, rest.trades), _Cut(at, plan, held))


def _boundary(plan: Plan, rules: Accounting, now: datetime) -> datetime | None:
    """Until when a checkpoint holds, for all that is likely to be entered next."""
    if not plan.trades:
        return None
    return boundary(plan, rules, min(plan.trades[-1].executed_at, now) - _OPEN)


def _settle(reading: _Reading, rules: Accounting, period: Period, base: _Base | None) -> Account:
    ledger = Ledger(rules) if base is None else resume(base.checkpoint, rules)
    return Account(
        ledger=keep(reading.plan, ledger, period.until),
        before={} if base is None else base.checkpoint.tallies,
        held=reading.held,
        plan=reading.plan,
    )


def _fold(cut: _Cut, rules: Accounting, base: _Base | None) -> tuple[_Base, bytes]:
    """A later base, and how it is kept."""
    checkpoint = fold(cut.plan, cut.at, rules, None if base is None else base.checkpoint)
    later = _Base(checkpoint, cut.held)
    return later, _format(later)


def _held(before: Held, trades: Iterable[Trade]) -> Held:
    held: dict[Holder, Decimal] = defaultdict(Decimal, before)
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
    user: str, rules: Accounting, base: _Base | None, cut: _Cut, revision: str, store: Store
) -> _Base:
    """A later base, kept for the next time."""
    later, state = await asyncio.to_thread(_fold, cut, rules, base)
    saved = SavedCheckpoint(revision, cut.at, state)
    with suppress(StoreUnavailable):  # the answer is there: it only takes longer the next time
        await store.checkpoints.save_checkpoint(user, _name(rules), saved)
    return later


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
