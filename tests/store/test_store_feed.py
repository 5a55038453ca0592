"""The Feed port, on every store: what one instance writes is told by all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from shared.core.fragments import Fragment
from shared.store.firestore.opening import store_in
from shared.store.opening import open_store
from shared.store.ports import Store
from shared.store.run_ports import News
from tests.store.conftest import IndexedCloud
from tests.store.fakes import fake_store
from tests.store.run_samples import address, fragment
from tests.store.samples import Clock
from tests.store.test_store_latest import crowded

_PATIENCE_SECONDS = 20.0


@dataclass
class Ear:
    """Hears all that it is told."""

    news: list[News] = field(default_factory=list)
    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, news: News) -> None:
        self.news.append(news)
        self._told.set()

    @property
    def fragments(self) -> list[Fragment]:
        return [fragment for news in self.news for fragment in news.fragments]

    @property
    def blocks(self) -> list[tuple[str, int]]:
        """The wallet and the block of each fragment, as it was told."""
        return [(fragment.wallet, fragment.block.number) for fragment in self.fragments]

    async def hears(self, *expected: tuple[int, int]) -> None:
        """Wait for these wallets' blocks, in any order."""
        wanted = {(str(address(wallet)), block) for wallet, block in expected}
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not wanted <= set(self.blocks):
                self._told.clear()
                await self._told.wait()


@dataclass(frozen=True)
class Instances:
    """Two of them over one database; with SQLite and the fake they are the same one."""

    one: Store
    other: Store


@pytest_asyncio.fixture(params=["fake", "sqlite", "memory", "firestore"])
async def instances(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Instances]:
    if request.param == "firestore":
        cloud: IndexedCloud = request.getfixturevalue("cloud")
        opened = Instances(store_in(cloud, clock), store_in(IndexedCloud(cloud.client.project), clock))
    elif request.param == "fake":
        fake = fake_store(clock)
        opened = Instances(fake, fake)
    else:
        path = ":memory:" if request.param == "memory" else tmp_path / "store.db"
        sqlite = open_store(f"sqlite:{path}", None, clock)
        opened = Instances(sqlite, sqlite)
    before = asyncio.all_tasks()
    yield opened
    await opened.one.close()
    if opened.other is not opened.one:
        await opened.other.close()
    await _only(before)


async def _only(tasks: Collection[asyncio.Task[object]]) -> None:
    """Wait until no other tasks are left than these and the caller's."""
    while left := asyncio.all_tasks() - {*tasks, asyncio.current_task()}:
        _, at_work = await asyncio.wait(left, timeout=_PATIENCE_SECONDS)
        assert not at_work


async def test_what_is_written_is_told_on_every_instance(instances: Instances) -> None:
    here, there = Ear(), Ear()
    await instances.one.feed.follow([address(1)], here)
    await instances.other.feed.follow([address(1)], there)

    await instances.one.latest.put_latest([fragment(1)])
    await here.hears((1, 100))
    await there.hears((1, 100))
    await instances.other.latest.put_latest([fragment(1, 101, balances=())])
    await here.hears((1, 101))
    await there.hears((1, 101))

    kept = (await instances.one.latest.list_latest([address(1)])).fragments
    assert tuple(here.fragments[-1:]) == tuple(there.fragments[-1:]) == kept
    assert [each._replace(sequence=0) for each in here.fragments] == [
        fragment(1),
        fragment(1, 101, balances=()),
    ]
    for news in here.news:
        assert news.through >= news.fragments[-1].sequence


async def test_what_is_no_news_is_not_told(instances: Instances) -> None:
    ear = Ear()
    await instances.one.latest.put_latest([fragment(1), fragment(2)])
    await instances.one.feed.follow([address(1), address(2)], ear)

    await instances.other.latest.put_latest([fragment(1, 99), fragment(3), fragment(2, 99, 7)])
    await instances.other.latest.put_latest([fragment(2, 101)])
    await ear.hears((2, 101))

    assert ear.blocks == [(address(2), 101)]


async def test_what_corrects_or_confirms_the_same_block_is_told(instances: Instances) -> None:
    ear = Ear()
    await instances.one.latest.put_latest([fragment(1)])
    await instances.one.feed.follow([address(1)], ear)

    await instances.other.latest.put_latest([fragment(1, 100, 7)])
    await ear.hears((1, 100))
    corrected = ear.fragments[-1]
    await instances.other.latest.put_latest([fragment(1, 100, 7)])
    await instances.other.latest.put_latest([fragment(1, 101)])
    await ear.hears((1, 101))

    assert corrected._replace(sequence=0) == fragment(1, 100, 7)
    sequences = [each.sequence for each in ear.fragments]
    assert sequences == sorted(set(sequences))


async def test_each_hears_of_its_own_wallets_only(instances: Instances) -> None:
    first, second, both = Ear(), Ear(), Ear()
    await instances.one.feed.follow([address(1)], first)
    await instances.one.feed.follow([address(2)], second)
    await instances.one.feed.follow([address(1), address(2), address(2)], both)

    await instances.other.latest.put_latest([fragment(1), fragment(2)])
    await asyncio.gather(first.hears((1, 100)), second.hears((2, 100)), both.hears((1, 100), (2, 100)))

    assert (first.blocks, second.blocks) == ([(address(1), 100)], [(address(2), 100)])
    assert sorted(both.blocks) == [(address(1), 100), (address(2), 100)]


async def test_who_stops_hears_no_more_and_others_still_do(instances: Instances) -> None:
    gone, left = Ear(), Ear()
    stop = await instances.one.feed.follow([address(1), address(2)], gone)
    await instances.one.feed.follow([address(1)], left)

    stop()
    stop()
    await instances.other.latest.put_latest([fragment(1), fragment(2)])
    await left.hears((1, 100))

    assert gone.news == []


async def test_with_the_last_follower_nothing_is_left_behind_and_one_may_follow_again(
    instances: Instances,
) -> None:
    await instances.one.latest.put_latest([fragment(1)])
    ear = Ear()
    before = asyncio.all_tasks()
    for block in (101, 102, 103):
        stop = await instances.one.feed.follow([address(1)], ear)
        await instances.other.latest.put_latest([fragment(1, block)])
        await ear.hears((1, block))
        stop()
        await _only(before)

    assert ear.blocks == [(address(1), 101), (address(1), 102), (address(1), 103)]


async def test_news_come_in_order_of_writing_each_once_and_none_is_missing(instances: Instances) -> None:
    """Several write at once, through both instances, while others come and go."""
    wallets = range(1, 9)
    ear = Ear()
    await instances.one.feed.follow([address(wallet) for wallet in wallets], ear)

    async def write(store: Store, own: Collection[int]) -> None:
        for block in range(100, 110):
            await store.latest.put_latest([fragment(wallet, block) for wallet in own])

    async def come_and_go() -> None:
        for wallet in range(20, 26):
            stop = await instances.one.feed.follow([address(wallet), address(1)], Ear())
            stop()

    await asyncio.gather(
        write(instances.one, wallets[:4]), write(instances.other, wallets[4:]), come_and_go()
    )
    await ear.hears(*((wallet, 109) for wallet in wallets))

    order = [(each.sequence, each.key) for each in ear.fragments]
    assert order == sorted(set(order))
    for before, after in zip(ear.news, ear.news[1:], strict=False):
        assert before.through < after.fragments[0].sequence
        assert before.through >= before.fragments[-1].sequence


async def test_who_follows_first_and_lists_then_misses_nothing_and_hears_nothing_twice(
    instances: Instances,
) -> None:
    """The place to resume from is exact, whenever one comes."""
    wallets = range(1, 4)

    async def write() -> None:
        for block in range(100, 130):
            await instances.other.latest.put_latest([fragment(wallet, block) for wallet in wallets])

    async def come(after: int) -> None:
        ear = Ear()
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(after)))
        stop = await instances.one.feed.follow([address(wallet) for wallet in wallets], ear)
        listed = await instances.one.latest.list_latest([address(wallet) for wallet in wallets])
        if not all(each.block.number == 129 for each in listed.fragments) or not listed.fragments:
            await ear.hears(*((wallet, 129) for wallet in wallets))
        stop()
        told = [each for each in ear.fragments if each.sequence > listed.through]
        assert all(each.sequence <= listed.through for each in listed.fragments)
        newest = {each.key: each for each in (*listed.fragments, *told)}
        assert {each.block.number for each in newest.values()} == {129}
        assert len({(each.key, each.sequence) for each in told}) == len(told)

    await asyncio.gather(write(), *(come(after) for after in range(0, 200, 40)))


async def test_more_than_one_document_holds_is_told_whole(instances: Instances) -> None:
    ear, large = Ear(), crowded(100, 25_000)
    await instances.one.feed.follow([address(1)], ear)

    await instances.other.latest.put_latest([large])
    await ear.hears((1, 100))

    assert [each._replace(sequence=0) for each in ear.fragments] == [large]
