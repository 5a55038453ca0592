"""Imports into Firestore, which takes them in steps: hidden till the last, crashes anywhere, two at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest
from google.cloud.firestore import AsyncWriteBatch, FieldFilter

from shared.core.trades import Trade
from shared.errors import Conflict, NotFound, StoreUnavailable
from shared.store.firestore.opening import store_in
from shared.store.ports import SavedCheckpoint, Store, TradeFilter
from tests.store.clouds import Crash, CrashingCloud, RepeatingCloud
from tests.store.conftest import IndexedCloud
from tests.store.samples import ALICE, BOB, Clock, once, trade, tx

Hooks = Mapping[int, Callable[[], Awaitable[object]]]


class HookedCloud(IndexedCloud):
    """Before some of its commits (counted from 0) something else happens."""

    def __init__(self, project: str, hooks: Hooks) -> None:
        super().__init__(project)
        self._hooks = hooks
        self._commits = -1

    async def commit(self, batch: AsyncWriteBatch) -> None:
        self._commits += 1
        if self._commits in self._hooks:
            await self._hooks[self._commits]()
        await super().commit(batch)


async def read_all(store: Store) -> list[Trade]:
    return [t async for chunk in store.log.read_trades(ALICE) for t in chunk]


def many(count: int, first: int = 0) -> list[Trade]:
    return [trade(n, tx_hash=tx(n), chain="base") for n in range(first, first + count)]


async def crash(cloud: IndexedCloud, clock: Clock, commits: int, trades: list[Trade]) -> None:
    """An import that is gone after so many commits."""
    crashing = store_in(CrashingCloud(cloud.client.project, commits), clock)
    with pytest.raises(Crash):
        await crashing.imports.import_trades(ALICE, [trades], once())
    await crashing.close()


@pytest.mark.parametrize("commits", range(5))
async def test_an_import_that_crashed_anywhere_is_not_there_and_can_be_repeated(
    cloud: IndexedCloud, clock: Clock, commits: int
) -> None:
    # The first commit opens the journal, three write the trades, the fifth makes it happen.
    await crash(cloud, clock, commits, many(700))
    store = store_in(cloud, clock)
    assert await read_all(store) == []

    clock.pass_(minutes=2)
    assert await store.imports.import_trades(ALICE, [many(700)], once(body=b"second")) is None

    assert await read_all(store) == many(700)
    assert await store.imports.import_trades(ALICE, [many(700)], once()) == once(body=b"second").answer
    await store.close()


async def test_nobody_meets_a_row_of_an_unfinished_import(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)
    await store.imports.import_trades(ALICE, [many(2), [trade(5000)]])
    await store.trades.add_trades(ALICE, [trade(900)])
    await crash(cloud, clock, 3, many(700, 2))
    there = [*many(2), trade(900), trade(5000)]

    assert await read_all(store) == there
    pages = [await store.trades.page_trades(ALICE, TradeFilter(), order="asc", limit=3)]
    pages.append(await store.trades.page_trades(ALICE, TradeFilter(), order="asc", after=pages[0].next))
    assert [stored.trade for page in pages for stored in page.rows] == there
    hidden = many(1, 2)[0]
    with pytest.raises(NotFound):
        await store.trades.get_trade(ALICE, hidden.id)
    with pytest.raises(NotFound):
        await store.trades.replace_trade(ALICE, hidden, 1)
    with pytest.raises(NotFound):
        await store.trades.delete_trade(ALICE, hidden.id)
    assert await store.imports.find_duplicates(ALICE, [hidden]) == {}
    read = store.imports.read_moments(ALICE, [hidden.executed_at, there[0].executed_at])
    assert [t async for chunk in read for t in chunk] == [there[0]]
    await store.close()


async def test_a_crashed_import_is_gone_before_the_next_one(cloud: IndexedCloud, clock: Clock) -> None:
    await crash(cloud, clock, 3, many(700))
    store = store_in(cloud, clock)

    with pytest.raises(Conflict, match="at work"):
        await store.imports.import_trades(ALICE, [[trade(1000)]])
    clock.pass_(minutes=2)
    await store.imports.import_trades(ALICE, [[trade(1000)]])

    assert await read_all(store) == [trade(1000)]
    await store.trades.add_trades(ALICE, many(5))
    left = await cloud.select(cloud.collection("trades").where(filter=FieldFilter("user_id", "==", ALICE)))
    assert len(left) == 6
    await store.close()


async def test_a_crashed_import_makes_way_for_a_trade_that_it_has_too(
    cloud: IndexedCloud, clock: Clock
) -> None:
    await crash(cloud, clock, 3, many(700))
    store = store_in(cloud, clock)
    same = many(1)[0]._replace(id="alice-again")

    with pytest.raises(Conflict, match="at work"):
        await store.trades.add_trades(ALICE, [same])
    clock.pass_(minutes=2)
    assert await store.trades.add_trades(ALICE, [same]) is None
    await crash(cloud, clock, 3, many(700, 1000))
    clock.pass_(minutes=2)
    changed = same._replace(tx_hash=tx(1000))
    assert await store.trades.replace_trade(ALICE, changed, 1) == (changed, 2)

    assert await read_all(store) == [changed]
    await store.close()


async def test_a_reader_sees_all_of_an_import_or_nothing(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)
    await store.trades.add_trades(ALICE, [trade(5000)])
    seen: list[list[Trade]] = []

    async def begin_reading() -> None:
        reading = store.log.read_trades(ALICE)
        seen.append([*await anext(reading)])
        readers.append(reading)

    readers: list[object] = []
    hooks = dict.fromkeys(range(6), begin_reading)
    importing = store_in(HookedCloud(cloud.client.project, hooks), clock)
    await importing.imports.import_trades(ALICE, [many(1100)])

    assert seen == [[trade(5000)]] * 6
    assert len(await read_all(store)) == 1101
    await importing.close()
    await store.close()


async def test_a_long_reading_is_of_one_moment(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)
    await store.imports.import_trades(ALICE, [many(1500)])
    reading = store.log.read_trades(ALICE)

    found = [*await anext(reading)]
    await store.imports.import_trades(ALICE, [many(700, 1500)])
    found += [t async for chunk in reading for t in chunk]

    assert found == many(1500)
    await store.close()


async def test_the_end_of_an_import_ends_the_checkpoints_of_before(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)
    await store.trades.add_trades(ALICE, [trade(9)])

    async def keep_checkpoint() -> None:
        revision = await store.log.read_revision(ALICE)
        kept = SavedCheckpoint(revision, trade(9).executed_at, b"without the import")
        await store.checkpoints.save_checkpoint(ALICE, "fifo", kept)

    importing = store_in(HookedCloud(cloud.client.project, {2: keep_checkpoint}), clock)
    await importing.imports.import_trades(ALICE, [[trade(3)], [trade(2)], [trade(4)]])

    assert await store.checkpoints.load_checkpoint(ALICE, "fifo") is None
    await importing.close()
    await store.close()


async def test_of_two_imports_with_one_key_one_is_kept(cloud: IndexedCloud, clock: Clock) -> None:
    files = [[trade(base + n) for n in range(400)] for base in (0, 1000)]
    stores = [store_in(IndexedCloud(cloud.client.project), clock) for _ in files]

    results = await asyncio.gather(
        *(
            store.imports.import_trades(ALICE, [file], once())
            for store, file in zip(stores, files, strict=True)
        ),
        return_exceptions=True,
    )

    # The other one is told to wait, or hears the answer.
    assert None in results
    assert [type(r) for r in results if r is not None] in ([Conflict], [type(once().answer)])
    assert await read_all(stores[0]) == files[results.index(None)]
    for store in (*stores, store_in(cloud, clock)):
        await store.close()


@pytest.mark.parametrize("commit", [1, 2])
async def test_an_import_whose_key_was_used_meanwhile_is_taken_back(
    cloud: IndexedCloud, clock: Clock, commit: int
) -> None:
    store = store_in(cloud, clock)

    async def use_the_key() -> None:
        await store.trades.add_trades(ALICE, [trade(1)], once(request_hash="other"))

    importing = store_in(HookedCloud(cloud.client.project, {commit: use_the_key}), clock)
    with pytest.raises(Conflict):
        await importing.imports.import_trades(ALICE, [[trade(2), trade(3)]], once())

    assert await read_all(store) == [trade(1)]
    await importing.close()
    await store.close()


@pytest.mark.parametrize("commit", [1, 2, 3, 4])
async def test_an_import_that_was_taken_back_meanwhile_comes_too_late(
    cloud: IndexedCloud, clock: Clock, commit: int
) -> None:
    store = store_in(cloud, clock)

    async def be_slow() -> None:
        clock.pass_(minutes=2)
        await store.imports.import_trades(ALICE, [[trade(5000)]])

    slow = store_in(HookedCloud(cloud.client.project, {commit: be_slow}), clock)
    with pytest.raises(Conflict, match="overtaken"):
        await slow.imports.import_trades(ALICE, [many(700)])

    assert await read_all(store) == [trade(5000)]
    await slow.close()
    await store.close()


async def test_an_import_that_is_being_taken_back_does_not_end(cloud: IndexedCloud, clock: Clock) -> None:
    async def be_taken_back_halfway() -> None:
        clock.pass_(minutes=2)
        await crash(cloud, clock, 2, [trade(5000)])  # after the mark and the removal of one step

    slow = store_in(HookedCloud(cloud.client.project, {4: be_taken_back_halfway}), clock)
    with pytest.raises(Conflict, match="overtaken"):
        await slow.imports.import_trades(ALICE, [many(700)])

    assert await read_all(slow) == []
    await slow.imports.import_trades(ALICE, [many(3)])
    assert await read_all(slow) == many(3)
    await slow.close()
    await cloud.close()


async def test_an_import_that_goes_on_is_not_taken_back(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)

    async def be_slow() -> None:
        clock.pass_(seconds=50)
        with pytest.raises(Conflict, match="at work"):
            await store.imports.import_trades(ALICE, [[trade(5000)]])

    hooks = dict.fromkeys(range(1, 5), be_slow)
    slow = store_in(HookedCloud(cloud.client.project, hooks), clock)
    await slow.imports.import_trades(ALICE, [many(700)])

    assert await read_all(store) == many(700)
    await slow.close()
    await store.close()


async def test_an_import_after_another_one_that_it_does_not_know_of_is_refused(
    cloud: IndexedCloud, clock: Clock
) -> None:
    store = store_in(cloud, clock)
    since = await store.log.read_revision(ALICE)

    async def be_faster() -> None:
        await store.imports.import_trades(ALICE, [[trade(1)]])

    importing = store_in(HookedCloud(cloud.client.project, {0: be_faster}), clock)
    with pytest.raises(Conflict, match="at work"):
        await importing.imports.import_trades(ALICE, [[trade(2)]], since=since)

    assert await read_all(store) == [trade(1)]
    await importing.close()
    await store.close()


async def test_an_import_whose_last_answer_was_lost_is_not_taken_back(
    cloud: IndexedCloud, clock: Clock
) -> None:
    class DeafAtTheEnd(IndexedCloud):
        async def commit(self, batch: AsyncWriteBatch) -> None:
            ends = any(
                "import_id" in write.update.fields and not write.update.fields["import_id"].string_value
                for write in batch._write_pbs
            )
            await super().commit(batch)
            if ends:
                raise StoreUnavailable("no answer")

    deaf = store_in(DeafAtTheEnd(cloud.client.project), clock)
    with pytest.raises(StoreUnavailable):
        await deaf.imports.import_trades(ALICE, [many(5)], once())
    await deaf.close()
    store = store_in(cloud, clock)

    assert await read_all(store) == many(5)
    assert await store.imports.import_trades(ALICE, [many(5)], once()) == once().answer
    await store.close()


async def test_a_repeated_commit_is_no_conflict(cloud: IndexedCloud, clock: Clock) -> None:
    repeating = store_in(RepeatingCloud(cloud.client.project), clock)

    assert await repeating.imports.import_trades(ALICE, [many(400)], once()) is None
    assert await repeating.imports.import_trades(ALICE, [many(2, 400)]) is None

    assert await read_all(repeating) == many(402)
    await repeating.close()
    await cloud.close()


async def test_another_users_import_is_nobodys_business(cloud: IndexedCloud, clock: Clock) -> None:
    await crash(cloud, clock, 3, many(700))
    store = store_in(cloud, clock)

    await store.imports.import_trades(BOB, [[trade(1, BOB)]])
    own = trade(2, BOB, tx_hash=tx(1), chain="base")
    with pytest.raises(Conflict, match="id exists"):
        await store.imports.import_trades(BOB, [[own], [own._replace(id="bob-again")]])

    await store.close()
