"""Settling the log: from a checkpoint or from scratch, the account is the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.checkpoints import VERSION
from shared.core.ids import AssetId
from shared.core.ledger import Accounting
from shared.core.methods import METHODS
from shared.core.pnl import profit_and_loss
from shared.core.settlement import settle
from shared.core.trades import Trade
from shared.facts import load_chains
from shared.services import accounting
from shared.services.accounting import Account, Period, families_of, read_account
from shared.store.opening import open_store
from shared.store.ports import Store
from tests.core.histories import histories
from tests.store.samples import ALICE, BOB, START, Clock, trade

PRICES = {AssetId(name): Decimal(2000) for name in ("ETH", "WETH", "USDC", "eip155:1/slip44:60")}


@dataclass
class Sources:
    """A store of its own for each test; counts what is read of its log."""

    store: Store
    clock: Callable[[], datetime] = field(default_factory=Clock)


def sources() -> Sources:
    return Sources(open_store("sqlite::memory:", None, Clock()))


async def add(store: Store, trades: Sequence[Trade], user: str = ALICE) -> None:
    own = [each._replace(user_id=user) for each in trades]
    await store.imports.import_trades(user, [own] if own else [])


def answer(account: Account, period: Period = Period()) -> object:  # noqa: B008
    return profit_and_loss(account.ledger, PRICES, start=period.start, before=account.before)


async def both(trades: Sequence[Trade], cut: int, rules: Accounting, period: Period) -> tuple[Any, Any]:
    """The answer from the checkpoint that the first trades left behind, and the one from scratch."""
    kept, fresh = sources(), sources()
    try:
        await add(kept.store, trades[:cut])
        await read_account(ALICE, rules, Period(), kept, worth_keeping=1)
        await add(kept.store, trades[cut:])
        await add(fresh.store, trades)
        once = await read_account(ALICE, rules, period, kept, worth_keeping=1)
        again = await read_account(ALICE, rules, replace(period, whole=True), fresh)
        assert {k: v for k, v in once.held.items() if v} == {k: v for k, v in again.held.items() if v}
        return answer(once, period), answer(again, period)
    finally:
        await kept.store.close()
        await fresh.store.close()


@given(
    histories(known=False, most=12),
    st.integers(0, 30),
    st.sampled_from(METHODS),
    st.sampled_from(["universal", "wallet"]),
    st.none() | st.integers(0, 24 * 2000),
    st.none() | st.integers(0, 24 * 2000),
)
@settings(max_examples=60, deadline=None)
def test_from_a_checkpoint_and_from_scratch_the_answer_is_the_same(
    trades: list[Trade], cut: int, method: str, scope: str, begin: int | None, end: int | None
) -> None:
    start, until = (
        None if hour is None else START - timedelta(days=365, hours=-hour) for hour in (begin, end)
    )
    rules = Accounting(method=method, scope=scope)  # type: ignore[arg-type]
    ordered = sorted(trades, key=lambda each: each.executed_at)
    once, again = asyncio.run(both(ordered, cut, rules, Period(start, until)))

    assert once == again


def many(count: int) -> list[Trade]:
    """Buys and sales in turn, an hour apart."""
    return [trade(number, side="sell" if number % 3 == 2 else "buy") for number in range(count)]


# The trades of the day before the last one: they stay open.
LAST_DAY = 24


class Reads:
    """A log that notes how many trades it gave, and lets something happen when it gave the last of them."""

    def __init__(self, store: Store) -> None:
        self._log = store.log
        self.trades = 0
        self.then: Coroutine[Any, Any, None] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def read_trades(self, *args: Any, **named: Any) -> Any:
        async for chunk in self._log.read_trades(*args, **named):
            self.trades += len(chunk)
            yield chunk
        if self.then is not None:
            happens, self.then = self.then, None
            await happens


@pytest.fixture
async def counted() -> Any:
    """Sources with a thousand trades, and the log that counts."""
    found = sources()
    await add(found.store, many(1000))
    log = Reads(found.store)
    yield Sources(replace(found.store, log=log)), log
    await found.store.close()


async def test_one_more_trade_reads_only_what_is_behind_the_checkpoint(counted: Any) -> None:
    found, log = counted
    first = await read_account(ALICE, Accounting(), Period(), found)
    await add(found.store, [trade(2000, amount=Decimal(7))])
    log.trades = 0
    second = await read_account(ALICE, Accounting(), Period(), found)

    assert log.trades == LAST_DAY + 1
    assert sum(second.held.values()) == sum(first.held.values()) + 7


async def test_one_more_trade_of_the_last_day_does_not_replay_those_before() -> None:
    found = sources()
    dates = (START + timedelta(days=number // 50) for number in range(1000))
    days = [each._replace(executed_at=at) for each, at in zip(many(1000), dates, strict=True)]
    await add(found.store, days)
    log = Reads(found.store)
    counted = Sources(replace(found.store, log=log))
    await read_account(ALICE, Accounting(), Period(), counted)
    for number in range(2000, 2003):
        await add(found.store, [trade(number, executed_at=days[-1].executed_at)])
        log.trades = 0
        account = await read_account(ALICE, Accounting(), Period(), counted)

        assert log.trades == 50 + number - 1999
    whole = await read_account(ALICE, Accounting(), Period(whole=True), counted)
    assert answer(account) == answer(whole)
    await found.store.close()


async def test_a_trade_of_a_time_to_come_keeps_no_checkpoint_from_being_used(counted: Any) -> None:
    found, log = counted
    found.clock.now = START + timedelta(hours=999)
    await add(found.store, [trade(90_000)])
    await read_account(ALICE, Accounting(), Period(), found)
    await add(found.store, [trade(1000)])
    log.trades = 0
    account = await read_account(ALICE, Accounting(), Period(), found)

    assert log.trades == LAST_DAY + 1 + 1
    assert answer(account) == answer(await read_account(ALICE, Accounting(), Period(whole=True), found))


async def test_what_is_entered_while_the_log_is_read_is_not_in_the_checkpoint(counted: Any) -> None:
    """The checkpoint is of the history as it was: the next reading starts from scratch."""
    found, log = counted
    early = trade(5, id="early", executed_at=START + timedelta(minutes=1))
    log.then = add(found.store, [early])
    await read_account(ALICE, Accounting(), Period(), found)
    log.trades = 0
    account = await read_account(ALICE, Accounting(), Period(), found)

    assert log.trades == 1001
    assert answer(account) == profit_and_loss(settle([*many(1000), early]), PRICES)


async def test_a_change_before_the_checkpoint_is_seen(counted: Any) -> None:
    found, log = counted
    await read_account(ALICE, Accounting(), Period(), found)
    await add(found.store, [trade(5, id="early", executed_at=START + timedelta(minutes=1))])
    log.trades = 0
    account = await read_account(ALICE, Accounting(), Period(), found)

    assert log.trades == 1001
    every = [each for chunk in [many(1000)] for each in chunk]
    early = trade(5, id="early", executed_at=START + timedelta(minutes=1))
    assert answer(account) == profit_and_loss(settle([*every, early]), PRICES)


async def test_a_trade_that_joins_an_earlier_event_is_read_with_it(counted: Any) -> None:
    found, log = counted
    await add(found.store, [trade(1001, side="transfer_out", link="move", amount=Decimal(1))])
    await add(found.store, [trade(1100 + number) for number in range(3)])
    await read_account(ALICE, Accounting(), Period(), found)
    await add(found.store, [trade(1200, side="transfer_in", link="move", amount=Decimal(1))])
    log.trades = 0
    account = await read_account(ALICE, Accounting(), Period(), found)

    assert log.trades > 1000
    whole = await read_account(ALICE, Accounting(), Period(whole=True), found)
    assert len(whole.ledger.moves) == 1
    assert answer(account) == answer(whole)


async def test_a_period_that_needs_the_past_replays_it(counted: Any) -> None:
    found, log = counted
    await read_account(ALICE, Accounting(), Period(), found)
    for period in (Period(start=START), Period(until=START + timedelta(days=1)), Period(whole=True)):
        log.trades = 0
        await read_account(ALICE, Accounting(), period, found)
        assert log.trades == 1000


async def test_ones_own_way_of_matching_leaves_no_checkpoint(counted: Any) -> None:
    found, log = counted
    rules = Accounting()
    rules = replace(rules, matching=replace(rules.matching, tolerance=Decimal("0.01")))
    for _ in range(2):
        log.trades = 0
        await read_account(ALICE, rules, Period(), found)
        assert log.trades == 1000


async def test_a_user_has_neither_the_trades_nor_the_checkpoint_of_another(counted: Any) -> None:
    found, _ = counted
    await read_account(ALICE, Accounting(), Period(), found)
    account = await read_account(BOB, Accounting(), Period(), found)

    assert (account.held, account.before, list(account.ledger.open_lots())) == ({}, {}, [])


async def test_a_checkpoint_of_another_version_is_passed_over(counted: Any) -> None:
    found, log = counted
    await read_account(ALICE, Accounting(), Period(), found)
    name = accounting._name(Accounting())
    saved = await found.store.checkpoints.load_checkpoint(ALICE, name)
    other = saved._replace(state=saved.state.replace(b'"version": %d' % VERSION, b'"version": 0'))
    await found.store.checkpoints.save_checkpoint(ALICE, name, other)
    log.trades = 0
    await read_account(ALICE, Accounting(), Period(), found)

    assert log.trades == 1000


def test_a_coin_and_its_wrapping_are_of_one_family_and_ether_is_ether_everywhere() -> None:
    chains = load_chains()
    families = families_of(chains).by_asset()
    ethereum, base, polygon = (chains.find(name) for name in ("ethereum", "base", "polygon"))
    sepolia = chains.find("sepolia")
    assert ethereum is not None
    assert base is not None
    assert polygon is not None
    assert sepolia is not None
    weth = f"eip155:1/erc20:{ethereum.wrapped_native}"

    assert families["ETH"] == families[ethereum.native_asset_id] == families[base.native_asset_id]
    assert families["ETH"] == families[weth]
    assert families[polygon.native_asset_id] != families["ETH"]
    assert families.get(sepolia.native_asset_id) != families["ETH"]


def test_a_time_belongs_to_the_period_that_begins_after_it() -> None:
    at = datetime(2024, 1, 1, tzinfo=START.tzinfo)
    second = timedelta(seconds=1)

    assert Period().may_begin_after(at)
    assert Period(start=at + second).may_begin_after(at)
    assert not Period(start=at).may_begin_after(at)
    assert Period(until=at).may_begin_after(at)
    assert not Period(until=at - second).may_begin_after(at)
    assert not Period(whole=True).may_begin_after(at)
