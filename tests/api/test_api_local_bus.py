"""A process with a local bus sees to its runs alone: those an earlier one left, and those that get stuck."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from shared.api import fetch_balances
from shared.api.local_bus import SWEEP_SECONDS, deliver_here
from shared.api.triggers import act_on
from shared.bus.ports import Message
from shared.errors import StoreUnavailable
from shared.store.opening import StoreOnDemand
from shared.store.ports import Store
from tests.api.asking_runs import Site, rich_fakes
from tests.fakes import WALLET, Fakes

TRIGGER = "/triggers/snapshot"


class Naps:
    """Sleeping that ends when somebody says so."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.were_cut_short = False
        self._begun = asyncio.Event()
        self._over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._over.clear()
        self._begun.set()
        try:
            await self._over.wait()
        except asyncio.CancelledError:
            self.were_cut_short = True
            raise

    async def begun(self) -> None:
        """Returns when whoever naps has done what was to be done."""
        await self._begun.wait()
        self._begun.clear()

    def end(self) -> None:
        self._over.set()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    await site.save("alice", WALLET)
    yield site
    await site.close()


async def lose(message: Message) -> None:
    """Whoever takes the message dies of it."""


async def leave_a_run(site: Site) -> None:
    """A run of which no message is acted on."""
    site.fakes.bus.subscribe("fetch-balances", lose)
    answer = await site.caller(None)("POST", TRIGGER)
    assert answer.json()["status"] == "running"
    await site.fakes.bus.drained()


async def test_a_run_that_a_dead_process_left_under_way_is_gone_on_with(site: Site) -> None:
    await leave_a_run(site)
    await site.fakes.buses.close()
    site.fakes.clock.advance(1)
    naps = Naps()
    await deliver_here(site.context, sleep=naps)
    await naps.begun()
    await site.fakes.bus.drained()

    assert [kept["complete"] for kept in await site.history("alice")] == [True]


async def test_overdue_runs_are_closed_every_five_minutes_without_anybody_asking(site: Site) -> None:
    await site.fakes.buses.close()
    naps = Naps()
    await deliver_here(site.context, sleep=naps)
    await naps.begun()
    await leave_a_run(site)
    site.fakes.bus.subscribe("fetch-balances", partial(act_on, site.context, fetch_balances.act))
    site.fakes.clock.advance(900)
    naps.end()
    await naps.begun()
    await site.fakes.bus.drained()

    assert naps.seconds == [SWEEP_SECONDS] * 2
    assert [kept["complete"] for kept in await site.history("alice")] == [False]


async def test_a_store_that_cannot_be_read_at_the_start_is_asked_again() -> None:
    fakes = rich_fakes()
    working = fakes.stores
    is_down = True

    def opened() -> Store:
        if is_down:
            raise StoreUnavailable("it is locked")
        return working.get()

    fakes.stores = StoreOnDemand(opened)
    naps, context = Naps(), fakes.context()
    await deliver_here(context, sleep=naps)
    await naps.begun()
    is_down = False
    before = reads(fakes)
    naps.end()
    await naps.begun()

    assert before == 0
    assert reads(fakes) > 0
    await context.close()


async def test_nobody_sees_to_runs_when_all_is_closed() -> None:
    naps, context = Naps(), rich_fakes().context()
    await deliver_here(context, sleep=naps)
    await naps.begun()
    await context.close()

    assert naps.were_cut_short


def reads(fakes: Fakes) -> float:
    return fakes.counts.total("store_reads_total")
