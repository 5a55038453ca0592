"""Runs where everything is one process: SQLite, and a bus that forgets what it held when the process ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import httpx
import pytest

from shared.api.app import build_app
from shared.api.local_bus import deliver_here
from shared.bus.local import LocalBus
from shared.bus.opening import BusOnDemand
from shared.bus.subscription import Chance, Limits
from shared.store.opening import StoreOnDemand, open_store
from shared.store.ports import SavedWallet
from shared.wiring import Context, open_context
from tests.fakes import NOON, FakeClock
from tests.faults.holdings import FEW, PEOPLE, Wallets, wallet
from tests.faults.outside import Outside
from tests.faults.process import ROUTES, Fate, Freeze, fated_store
from tests.faults.stage import AT, run_of
from tests.faults.truth import Read, Truth, check_run
from tests.functions.bundle import ROOT, environment
from tests.ports import free_port

RUN = run_of(AT)


class Home:
    """A file that outlives the processes that work with it."""

    def __init__(self, outside: Outside, path: Path) -> None:
        self.clock = FakeClock()
        self._settings = replace(outside.settings("demo"), store=f"sqlite:{path}", bus="local")

    @asynccontextmanager
    async def started(
        self, fate: Fate | None = None, repeats: Callable[[], int] = lambda: 1
    ) -> AsyncIterator[Context]:
        """What a process works with; at the end it is gone, whatever it was doing."""
        opened = replace(open_context(self._settings), clock=self.clock)
        chance = Chance(sleep=self.clock.sleep, repeats=repeats)
        bus = LocalBus(opened.counts, self.clock, limits=Limits(grace_seconds=0), chance=chance)
        store = fated_store(opened.store, fate or Fate())
        context = replace(opened, stores=StoreOnDemand(lambda: store), buses=BusOnDemand(lambda: bus))
        assert (context.store, context.bus) == (store, bus)
        yield context
        await context.close()

    async def save(self, people: Mapping[str, Wallets]) -> None:
        store = open_store(self._settings.store, None, self.clock)
        for user, wallets in people.items():
            for address, on in wallets.items():
                await store.wallets.add_wallet(user, SavedWallet(address, "", on, NOON))
        await store.close()


async def call(context: Context) -> int:
    """Cloud Scheduler's call, to an app that delivers to itself."""
    app = build_app("local", ROUTES, context.settings, lambda: context, opened=deliver_here)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://local") as client:
        headers = {"X-CloudScheduler-ScheduleTime": AT}
        return (await client.post("/triggers/snapshot", headers=headers)).status_code


async def drained(context: Context) -> None:
    bus = context.bus
    assert isinstance(bus, LocalBus)
    await asyncio.wait_for(bus.drained(), 20)
    assert not bus.dead_letters


@pytest.mark.parametrize("seed", range(3))
async def test_messages_of_a_local_bus_that_come_one_to_three_times_make_one_snapshot_each(
    outside: Outside, tmp_path: Path, seed: int
) -> None:
    home, chance = Home(outside, tmp_path / "runs.db"), Random(seed)
    await home.save(PEOPLE)
    async with home.started(repeats=lambda: chance.randint(1, 3)) as context:
        assert await call(context) == 200
        await drained(context)

        await check_run(RUN, context.store, Truth(outside.anvils, PEOPLE))


async def test_a_process_that_ends_after_any_call_leaves_a_run_that_the_next_one_closes(
    outside: Outside, tmp_path: Path
) -> None:
    truth, partial = Truth(outside.anvils, FEW), 0
    for number in range(1, 200):
        home, freeze = Home(outside, tmp_path / f"{number}.db"), Freeze(number)
        await home.save(FEW)
        reached = await _freeze(home, freeze)
        home.clock.advance(15 * 60)
        async with home.started() as context:
            await call(context)
            await drained(context)
            lost = await _lost(context)
            await check_run(RUN, context.store, truth, lost)
            partial += bool(lost)
        if not reached:
            break

    assert number > 20
    assert 0 < partial < number


async def _freeze(home: Home, freeze: Freeze) -> bool:
    """Whether the process came so far; otherwise its run is finished."""
    async with home.started(freeze) as context:
        calling, frozen = asyncio.create_task(call(context)), asyncio.create_task(freeze.frozen.wait())
        await asyncio.wait((calling, frozen), return_when=asyncio.FIRST_COMPLETED)
        if calling.done():
            draining = asyncio.create_task(drained(context))
            await asyncio.wait((draining, frozen), return_when=asyncio.FIRST_COMPLETED)
            draining.cancel()
        calling.cancel()
        frozen.cancel()
        return freeze.frozen.is_set()


async def _lost(context: Context) -> set[Read]:
    """What was given up: what a part that failed should have read."""
    page = await context.store.runs.get_page(RUN, 0)
    assert page is not None
    keys = await context.store.parts.list_keys(RUN, 0, len(page.groups))
    parts = await context.store.parts.read_parts(RUN, keys)
    failed = {key for key, part in parts.items() if part.state == "failed"}
    return {
        (address, slug)
        for group in page.groups
        for slug, wallets in group.reads
        for address in wallets
        if (group.number, slug) in failed
    }


@contextmanager
def everything_served(outside: Outside, folder: Path) -> Iterator[str]:
    """`make run` in an empty folder."""
    port = free_port()
    variables = outside.variables("demo") | {"BUS": "local", "STORE": "sqlite:runs.db", "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "functions.local"],
        cwd=folder,
        env=environment({**variables, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert any("Ctrl-C" in line for line in process.stdout)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_a_snapshot_that_is_asked_for_where_everything_is_one_process_is_right(
    outside: Outside, tmp_path: Path
) -> None:
    mine = {wallet(1): (), wallet(2): ("gnosis",)}
    with (
        everything_served(outside, tmp_path) as url,
        httpx.Client(base_url=f"{url}/api/v1", transport=httpx.HTTPTransport(retries=9)) as client,
    ):
        for address, on in mine.items():
            answer = client.post("/wallets", json={"address": address, "chains": list(on)})
            assert answer.status_code == 201, answer.text
        started = client.post("/snapshots")
        run = started.json()
        while run["status"] != "finished":
            run = client.get(f"/runs/{run['id']}").json()
        (snapshot,) = client.get("/portfolio/history").json()["items"]

    worth = Truth(outside.anvils, {"me": mine}).worth("me")
    assert (started.status_code, run["complete"], snapshot["complete"]) == (202, True, True)
    assert Decimal(snapshot["total_usd"]) == worth.total
