"""Erasing an account: whole, in bounded steps, again after a crash, and beside writes of the same user."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from shared.errors import StoreUnavailable
from shared.services.me_erasure import Erasure, erase_account
from shared.store.account_ports import Erased, Erasures, mark_of
from shared.store.opening import open_store
from shared.store.ports import SavedWallet, Store
from tests.store.account_samples import HELD, NOTHING, fill, held
from tests.store.run_samples import address
from tests.store.samples import ALICE, BOB, START, Clock, trade


@dataclass
class Sources:
    """A store in memory, and a clock that stands still."""

    store: Store
    clock: Clock


@pytest.fixture
async def sources() -> AsyncIterator[Sources]:
    clock = Clock()
    store = open_store("sqlite::memory:", None, clock)
    await fill(store, ALICE)
    await fill(store, BOB)
    yield Sources(store, clock)
    await store.close()


class Between:
    """Erasures during which something happens before each step but the first."""

    def __init__(self, erasures: Erasures, act: Callable[[int], Awaitable[None]]) -> None:
        self._erasures = erasures
        self._act = act
        self.steps = self.marks = 0

    async def mark_erased(self, user: str, at: object) -> None:
        self.marks += 1
        await self._erasures.mark_erased(user, at)  # type: ignore[arg-type]  # it is passed on

    async def erase_some(self, user: str) -> Erased:
        if self.steps:
            await self._act(self.steps)
        self.steps += 1
        return await self._erasures.erase_some(user)


def between(sources: Sources, act: Callable[[int], Awaitable[None]]) -> tuple[Sources, Between]:
    erasures = Between(sources.store.erasures, act)
    store = replace(sources.store, erasures=erasures)  # type: ignore[arg-type]  # no run asks for marks here
    return Sources(store, sources.clock), erasures


async def test_everything_is_erased_and_counted_and_another_user_is_not_touched(sources: Sources) -> None:
    assert await erase_account(ALICE, sources) == Erasure(sources.clock(), HELD, complete=True)

    assert await held(sources.store, ALICE) == NOTHING
    assert await held(sources.store, BOB) == HELD


async def test_erasing_again_finds_nothing(sources: Sources) -> None:
    await erase_account(ALICE, sources)

    assert await erase_account(ALICE, sources) == Erasure(sources.clock(), NOTHING, complete=True)


async def test_the_user_is_marked_before_the_last_look(sources: Sources) -> None:
    async def nothing(_: int) -> None:
        sources.clock.pass_(seconds=1)

    watched, erasures = between(sources, nothing)
    await erase_account(ALICE, watched)

    last = sources.clock() - timedelta(seconds=1)
    assert (erasures.marks, erasures.steps) == (2, 3)
    assert set(await sources.store.erasures.list_marks(last)) == {mark_of(ALICE)}


async def test_what_is_written_meanwhile_goes_too(sources: Sources) -> None:
    async def write(step: int) -> None:
        if step < 4:
            await sources.store.trades.add_trades(ALICE, [trade(100 + step)])
            wallet = SavedWallet(address(100 + step), "late", (), START)
            await sources.store.wallets.add_wallet(ALICE, wallet)

    watched, _ = between(sources, write)
    erasure = await erase_account(ALICE, watched)

    assert (erasure.complete, erasure.gone["trades"]) == (True, HELD["trades"] + 3)
    assert await held(sources.store, ALICE) == NOTHING


async def test_what_is_written_behind_it_is_a_new_beginning(sources: Sources) -> None:
    await erase_account(ALICE, sources)

    await sources.store.trades.add_trades(ALICE, [trade(7)])

    assert (await held(sources.store, ALICE))["trades"] == 1


async def test_who_writes_without_end_is_told_to_ask_again(sources: Sources) -> None:
    async def write(step: int) -> None:
        await sources.store.trades.add_trades(ALICE, [trade(100 + step)])

    watched, _ = between(sources, write)

    assert not (await erase_account(ALICE, watched, within=0.05)).complete
    assert (await erase_account(ALICE, sources)).complete
    assert await held(sources.store, ALICE) == NOTHING


async def test_an_erasure_that_broke_off_is_gone_on_with(sources: Sources) -> None:
    async def fail(_: int) -> None:
        raise StoreUnavailable("the disk is gone")

    watched, _ = between(sources, fail)
    with pytest.raises(StoreUnavailable):
        await erase_account(ALICE, watched)

    assert (await erase_account(ALICE, sources)).complete
    assert await held(sources.store, ALICE) == NOTHING
    assert await held(sources.store, BOB) == HELD


async def test_two_erasures_at_once_remove_everything_once(sources: Sources) -> None:
    both = await asyncio.gather(erase_account(ALICE, sources), erase_account(ALICE, sources))

    assert {kind: sum(each.gone[kind] for each in both) for kind in HELD} == HELD
    assert all(each.complete for each in both)
