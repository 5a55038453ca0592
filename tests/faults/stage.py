"""Where a scenario is played: a project, its users, a clock, and the real edges that processes share."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from shared.api.tracing import trace
from shared.config import Settings
from shared.core.run_ids import run_id
from shared.core.times import parse_time
from shared.errors import StoreUnavailable
from shared.store.firestore.cloud import Cloud, document_id
from shared.store.ports import SavedWallet, Store
from shared.wiring import open_context
from tests.fakes import NOON, FakeClock
from tests.faults.courier import Courier, Push
from tests.faults.holdings import ASSETS, PEOPLE, Asset, Wallets
from tests.faults.outside import Outside
from tests.faults.process import Fate, Process
from tests.faults.truth import Read, Truth, check_run

AT = "2026-11-21T08:00:00Z"
"""When the scheduler says that it is; by the stage's clock that is some hours ago."""


class Stage:
    """One project of the emulators."""

    def __init__(self, outside: Outside, project: str) -> None:
        self.outside = outside
        self.project = project
        self.clock = FakeClock()
        self.people: Mapping[str, Wallets] = {}
        self.assets: Sequence[Asset] = ASSETS
        self.courier = Courier(outside.pubsub, project)
        self.open(outside.settings(project))

    def open(self, settings: Settings) -> None:
        """Processes that begin from now on have these settings."""
        self.context = replace(open_context(settings, trace), clock=self.clock)

    @property
    def store(self) -> Store:
        return self.context.store

    async def set_up(self, people: Mapping[str, Wallets] = PEOPLE) -> None:
        """Everybody saves the wallets."""
        self.people = people
        await self.courier.open()
        if self.context.settings.store == "firestore":
            await save_wallets(self.project, people)
            return
        for user, wallets in people.items():
            for address, on in wallets.items():
                await self.store.wallets.add_wallet(user, SavedWallet(address, "", on, NOON))

    def process(self, fate: Fate | None = None) -> Process:
        """A process that has just begun."""
        return Process(self.context, fate)

    async def drain(self, push: Push, run: str, *, at_once: int = 1) -> None:
        """Deliver until the run is finished and all that was published is taken; refusals take a minute."""

        async def done() -> bool:
            try:
                known = await self.store.runs.get_run(run)
            except StoreUnavailable:
                return False  # the trouble that is played meets this look too
            published = self.context.counts.total("messages_published_total")
            handled = len(self.courier.taken) + len(self.courier.lost)
            return known is not None and known.finished_at is not None and handled >= published

        await self.courier.drain(push, done, lambda: self.clock.advance(60), at_once)

    async def is_running(self, run: str) -> bool:
        """Whether the run is begun and not finished."""
        known = await self.store.runs.get_run(run)
        return known is not None and known.finished_at is None

    async def check(self, at: str = AT, lost: Collection[Read] = ()) -> None:
        """The run of this time ended as it has to."""
        truth = await asyncio.to_thread(Truth, self.outside.anvils, self.people, self.assets)
        await check_run(run_of(at), self.store, truth, lost)
        assert not self.courier.letters

    async def close(self) -> None:
        await self.courier.close()
        await self.context.close()


async def save_wallets(project: str, people: Mapping[str, Wallets]) -> None:
    """What the Wallets port keeps, in a few commits: it takes one wallet at a time."""
    cloud = Cloud(project)
    saved = [(user, at, on) for user, wallets in people.items() for at, on in wallets.items()]
    for start in range(0, len(saved), 500):
        batch = cloud.batch()
        for user, address, on in saved[start : start + 500]:
            fields = {**SavedWallet(address, "", on, NOON)._asdict(), "chains": [*on], "user_id": user}
            batch.create(cloud.below(user, "wallets").document(document_id(address)), fields)
        await cloud.commit(batch)
    await cloud.close()


def run_of(at: str) -> str:
    """The id of the scheduler's run of a time."""
    return run_id(parse_time(at))
