"""What is Firestore's own in the ports of runs: repeated and lost commits, the bill, what expires."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from google.cloud.firestore import AsyncWriteBatch, FieldFilter

from shared.core.runs import PartKey, PlanTotals
from shared.counts import Counts
from shared.errors import StoreUnavailable
from shared.store.firestore.cloud import Cloud, Document
from shared.store.firestore.opening import store_in
from shared.store.firestore.parts import PART_BYTES
from shared.store.ports import SavedWallet, Store
from tests.store.clouds import Crash, CrashingCloud, DeafCloud, RepeatingCloud
from tests.store.conftest import IndexedCloud
from tests.store.indexes import INDEXES, IndexMissing
from tests.store.run_samples import (
    OUTCOME,
    RAW,
    RUN,
    failed_part,
    fragment,
    fragment_key,
    full_part,
    part,
    plan_page,
    price_page,
    run,
    unwritten,
)
from tests.store.samples import START, Clock
from tests.store.test_store_run_snapshots import of_run

TOTALS = PlanTotals(1, 1, 2, 1, 1)
USERS = [f"user-{number}" for number in range(20)]


async def write_everything(store: Store) -> list[object]:
    """What every writing method of these ports returns."""
    kept = await store.runs.add_run(run())
    await store.runs.set_totals(RUN, TOTALS)
    await store.runs.set_finished(RUN, START, OUTCOME)
    return [
        kept,
        await store.runs.add_page(RUN, plan_page(0)),
        await store.runs.add_prices(RUN, price_page(0)),
        await store.parts.add_part(part()),
        await store.latest.put_latest([fragment(1), fragment(2)]),
        await store.latest.put_latest([fragment(1, 101), fragment(2, 99), fragment(3)]),
        await store.latest.put_latest([fragment(1, 101), fragment(2, 100, 7)]),
        await store.run_snapshots.add_snapshots([of_run(user) for user in USERS]),
        await store.run_snapshots.add_snapshots([of_run(user) for user in ("new", *USERS)]),
    ]


WRITTEN = [run(), plan_page(0), price_page(0), True, 2, 2, 2, 20, 1]


async def test_a_repeated_commit_changes_no_answer(emulator: str, clock: Clock) -> None:
    store = store_in(RepeatingCloud("demo-repeating"), clock)

    assert await write_everything(store) == WRITTEN
    assert await store.runs.get_run(RUN) == run(totals=TOTALS, finished_at=START, outcome=OUTCOME)
    await store.close()


async def test_what_was_written_without_an_answer_can_be_written_again(
    cloud: IndexedCloud, clock: Clock
) -> None:
    deaf, store = store_in(DeafCloud(cloud.client.project), clock), store_in(cloud, clock)
    with pytest.raises(StoreUnavailable):
        await deaf.runs.add_run(run())
    with pytest.raises(StoreUnavailable):
        await deaf.parts.add_part(part())
    with pytest.raises(StoreUnavailable):
        await deaf.latest.put_latest([fragment()])
    with pytest.raises(StoreUnavailable):
        await deaf.run_snapshots.add_snapshots([of_run(user) for user in USERS[:5]])
    await deaf.close()

    assert await store.runs.add_run(run(hours=1)) == run()
    assert not await store.parts.add_part(failed_part())
    assert await store.latest.put_latest([fragment(1, 99)]) == 0
    assert await store.latest.put_latest([fragment(raw=1)]) == 1
    assert await store.run_snapshots.add_snapshots([of_run(user, 2) for user in USERS]) == 15
    assert await store.parts.read_progress(RUN) == (1, 0, 20, 0)
    await store.close()


@pytest.mark.parametrize("commits", [0, 1, 2])
async def test_a_part_of_many_documents_is_there_as_a_whole_or_not_at_all(
    cloud: IndexedCloud, clock: Clock, commits: int
) -> None:
    large, other = full_part(wallets=30, assets=3000, most=RAW), full_part(wallets=1, assets=2)
    crashing = store_in(CrashingCloud(cloud.client.project, commits), clock)
    store = store_in(cloud, clock)

    # The first commit writes what is beside the document, the second the document itself.
    if commits < 2:
        with pytest.raises(Crash):
            await crashing.parts.add_part(large)
        assert await store.parts.list_keys(RUN, 0, 0) == frozenset()
    else:
        assert await crashing.parts.add_part(large)
    await crashing.close()

    assert await store.parts.add_part(other) == (commits < 2)
    kept = other if commits < 2 else large
    assert await store.parts.read_parts(RUN, [large.key]) == {large.key: kept}
    await store.close()


async def test_a_commit_between_looking_and_writing_does_not_bring_back_an_older_block(
    cloud: IndexedCloud, clock: Clock
) -> None:
    store = store_in(cloud, clock)

    class Overtaken(IndexedCloud):
        """Another writer is faster, the first time."""

        left = 1

        async def commit(self, batch: AsyncWriteBatch) -> None:
            if self.left:
                self.left -= 1
                await store.latest.put_latest([fragment(1, 200 - self.left), fragment(2, 99)])
            await super().commit(batch)

    overtaken = store_in(Overtaken(cloud.client.project), clock)

    assert await overtaken.latest.put_latest([fragment(1, 150, 7), fragment(2, 100, 7)]) == 1
    found = await store.latest.read_latest([fragment_key(1), fragment_key(2)])
    assert unwritten(found.values()) == {
        fragment_key(1): fragment(1, 200),
        fragment_key(2): fragment(2, 100, 7),
    }
    await overtaken.close()
    await store.close()


async def test_a_repeated_commit_writes_what_is_of_the_same_block_only_once(
    emulator: str, clock: Clock
) -> None:

    class Repeating(RepeatingCloud):
        commits = 0

        async def commit(self, batch: AsyncWriteBatch) -> None:
            self.commits += 1
            await super().commit(batch)

    cloud = Repeating("demo-repeating-once")
    store = store_in(cloud, clock)
    await store.latest.put_latest([fragment(1), fragment(2)])
    cloud.commits = 0

    assert await store.latest.put_latest([fragment(1, raw=7), fragment(2)]) == 2
    assert cloud.commits == 1
    await store.close()


async def test_writers_who_are_overtaken_for_ever_give_up(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)

    class Overtaken(IndexedCloud):
        block = 0

        async def commit(self, batch: AsyncWriteBatch) -> None:
            self.block += 1
            await store.latest.put_latest([fragment(1, self.block)])
            await super().commit(batch)

    overtaken = store_in(Overtaken(cloud.client.project), clock)

    with pytest.raises(StoreUnavailable):
        await overtaken.latest.put_latest([fragment(1, 1000)])
    await overtaken.close()
    await store.close()


async def test_documents_are_counted_as_they_are_billed(emulator: str, clock: Clock) -> None:
    counts = Counts()
    store = store_in(Cloud("demo-counted", counts=counts), clock)
    seen = [0, 0]

    def bill() -> tuple[int, int]:
        before = tuple(seen)
        seen[:] = counts.total("store_reads_total"), counts.total("store_writes_total")
        return seen[0] - before[0], seen[1] - before[1]

    await store.runs.add_run(run())
    assert bill() == (0, 1)
    await store.runs.get_run("another")
    assert bill() == (1, 0)
    for number in range(8):
        await store.parts.add_part(part(PartKey(0, f"chain-{number}")))
    assert bill() == (0, 8)
    await store.parts.count_parts(RUN, 0)
    assert bill() == (1, 0)
    await store.parts.list_keys(RUN, 0, 29)
    assert bill() == (8, 0)
    await store.parts.list_keys(RUN, 1, 30)
    assert bill() == (1, 0)
    await store.parts.read_parts(RUN, [PartKey(0, "chain-1"), PartKey(1, "chain-1")])
    assert bill() == (2, 0)
    await store.parts.add_part(full_part(wallets=50, assets=1500))
    assert bill() == (0, 2)
    await store.run_snapshots.add_snapshots([of_run(user) for user in USERS])
    assert bill() == (0, 20)
    await store.parts.read_progress(RUN)
    assert bill() == (4, 0)
    await store.latest.put_latest([fragment(1), fragment(2)])
    assert bill() == (2, 2)
    await store.latest.put_latest([fragment(2, protocol="lido"), fragment(2, chain="ethereum")])
    assert bill() == (2, 2)
    await store.latest.list_known("base", [fragment(number).wallet for number in range(1, 51)])
    assert bill() == (3 + 1, 0)  # what is there, and a query that finds nothing
    assert {labels for _, labels, _ in counts} == {(("store", "firestore"),)}
    await store.close()


async def test_a_page_of_owners_reads_little_more_than_it_gives(emulator: str, clock: Clock) -> None:
    counts = Counts()
    store = store_in(IndexedCloud("demo-owners", counts=counts), clock)
    for user in range(30):
        for number in range(3):
            wallet = SavedWallet(fragment(number + 1).wallet, "", (), START)
            await store.wallets.add_wallet(f"user-{user:02d}", wallet)
    before = counts.total("store_reads_total")

    assert len(await store.owners.page_owners(None, 20)) == 20

    assert 60 < counts.total("store_reads_total") - before <= 70
    await store.close()


async def test_no_number_is_kept_as_a_double_and_what_expires_says_when(
    cloud: IndexedCloud, clock: Clock
) -> None:
    store = store_in(cloud, clock)
    await write_everything(store)
    await store.parts.add_part(replace(full_part(wallets=50, assets=1500), key=PartKey(1, "base")))

    expiring = {
        override["collectionGroup"]
        for override in json.loads(INDEXES.read_text())["fieldOverrides"]
        if override.get("ttl")
    }
    names = {"runs", "pages", "prices", "parts", "balances"}
    assert names <= expiring
    for name in (*names, "portfolio_snapshots"):
        found: list[Document] = await cloud.client.collection_group(name).get()
        assert found
        for document in found:
            fields = document.to_dict() or {}
            assert not [field for field, value in fields.items() if isinstance(value, float)]
            if name in names:
                assert fields["expire_at"] > clock.now
                assert len(fields.get("content", b"")) <= PART_BYTES
    await store.close()


async def test_a_query_over_all_collections_of_a_name_needs_an_index_of_its_own(cloud: IndexedCloud) -> None:
    wallets = cloud.client.collection_group("wallets")

    await cloud.select(wallets.order_by("user_id"))
    for query in (
        wallets.order_by("address"),
        wallets.order_by("user_id", direction="DESCENDING"),
        wallets.where(filter=FieldFilter("user_id", "==", "a")).order_by("address"),
        cloud.below("alice", "wallets").order_by("user_id"),
    ):
        with pytest.raises(IndexMissing):
            await cloud.select(query)
    incomplete = FieldFilter("complete", "==", False)
    with pytest.raises(IndexMissing):
        await cloud.count(cloud.collection("portfolio_snapshots").where(filter=incomplete))
    await cloud.close()
