"""What is Firestore's own in an erasure: documents beside documents, crashes, an import at work."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from decimal import Decimal
from threading import Event

import pytest
from google.cloud.firestore import AsyncCollectionReference, AsyncDocumentReference, AsyncWriteBatch

from shared.core.ids import AssetId
from shared.core.snapshots import SnapshotAsset
from shared.core.trades import Trade
from shared.errors import Conflict
from shared.store.claims import ErasedMeanwhile
from shared.store.codecs import pack_assets
from shared.store.firestore.cloud import Cloud
from shared.store.firestore.eras import mark_reference
from shared.store.firestore.opening import store_in
from shared.store.firestore.parts import PART_BYTES
from shared.store.firestore.runs import FirestoreRuns
from shared.store.ports import Store
from tests.store.account_samples import NOTHING, erase, fill, held
from tests.store.clouds import Crash, CrashingCloud
from tests.store.conftest import IndexedCloud
from tests.store.run_samples import plan_page
from tests.store.samples import ALICE, BOB, START, Clock, once, snapshot, trade


async def documents_of(cloud: Cloud) -> AsyncIterator[str]:
    """The path of every document there is, also of those that are only named by what lies below them."""

    async def below(collection: AsyncCollectionReference) -> AsyncIterator[AsyncDocumentReference]:
        async for document in collection.list_documents():
            yield document
            async for inner in document.collections():
                async for found in below(inner):
                    yield found

    async for collection in cloud.client.collections():
        async for document in below(collection):
            yield document.path


async def of_user(cloud: Cloud, user: str) -> list[str]:
    return [path async for path in documents_of(cloud) if user in path or path.startswith("trades/")]


async def large(store: Store) -> None:
    """An answer and a snapshot that each take several documents."""
    await store.trades.add_trades(ALICE, [trade(900)], once("large", body=secrets.token_bytes(2_500_000)))
    await store.snapshots.add_snapshot(ALICE, snapshot(9, START, assets=assets_of(60_000)))


def assets_of(number: int) -> tuple[SnapshotAsset, ...]:
    """So many that cannot be packed any smaller."""
    return tuple(
        SnapshotAsset(AssetId(f"eip155:1/erc20:0x{secrets.token_hex(20)}"), "X", Decimal(1), None, None)
        for _ in range(number)
    )


async def test_no_document_is_left_beside_those_that_are_erased(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)
    await fill(store, ALICE)
    await large(store)
    assert any("/parts/" in path for path in await of_user(cloud, ALICE))

    await erase(store, ALICE)

    assert [path async for path in documents_of(cloud)] == []
    await store.close()


async def test_a_mark_of_an_earlier_version_is_left_as_it_is_by_writes(
    cloud: IndexedCloud, clock: Clock
) -> None:
    store = store_in(cloud, clock)
    await mark_reference(cloud, ALICE).set({"erased_at": clock(), "expire_at": clock()})
    era = await store.erasures.read_era(ALICE)

    for number in range(3):
        await store.trades.add_trades(ALICE, [trade(number)], era=era)

    assert await store.erasures.read_era(ALICE) == era
    assert sorted((await mark_reference(cloud, ALICE).get()).to_dict() or {}) == ["erased_at", "expire_at"]
    await store.close()


async def test_a_large_snapshot_of_an_earlier_era_leaves_nothing_beside_it(
    cloud: IndexedCloud, clock: Clock
) -> None:
    store = store_in(cloud, clock)
    era = await store.erasures.read_era(ALICE)
    await store.erasures.mark_erased(ALICE, clock())
    huge = snapshot(9, START, assets=assets_of(170_000))
    assert len(pack_assets(huge)) > 4 * PART_BYTES

    with pytest.raises(ErasedMeanwhile):
        await store.run_snapshots.add_snapshots([huge], era=era)

    assert [path async for path in documents_of(cloud) if "erasures/" not in path] == []
    await store.close()


class LateCloud(IndexedCloud):
    """Keeps a page of a run in the moment before the run goes."""

    is_through = False

    async def commit(self, batch: AsyncWriteBatch) -> None:
        gone = [write.delete for write in batch._write_pbs if write.delete]
        if not self.is_through and any(path.rpartition("/")[0].endswith("documents/runs") for path in gone):
            self.is_through = True
            runs = FirestoreRuns(self, Clock())
            for run in gone:
                await runs.add_page(run.rpartition("/")[2], plan_page(7))
        await super().commit(batch)


async def test_what_was_written_of_a_run_while_it_went_goes_too(emulator: str, clock: Clock) -> None:
    cloud = LateCloud(f"demo-{secrets.token_hex(6)}")
    store = store_in(cloud, clock)
    await fill(store, ALICE)

    await erase(store, ALICE)

    assert cloud.is_through
    assert [path async for path in documents_of(cloud)] == []
    await store.close()


async def test_a_crash_at_any_commit_leaves_what_is_found_again(emulator: str, clock: Clock) -> None:
    commits, is_through = 0, False
    while not is_through:
        project = f"demo-{secrets.token_hex(6)}"
        store, crashing = (
            store_in(IndexedCloud(project), clock),
            store_in(CrashingCloud(project, commits), clock),
        )
        await fill(store, ALICE)
        await fill(store, BOB)
        of_bob = await held(store, BOB)
        try:
            await erase(crashing, ALICE)
            is_through = True
        except Crash:
            await erase(store, ALICE)
        cloud = IndexedCloud(project)
        assert await held(store, ALICE) == NOTHING
        assert [path for path in await of_user(cloud, ALICE) if BOB not in path] == []
        assert await held(store, BOB) == of_bob
        for opened in (store, crashing):
            await opened.close()
        await cloud.close()
        commits += 1
    assert commits > 8


async def test_an_import_at_work_comes_to_its_end_and_keeps_nothing(
    cloud: IndexedCloud, clock: Clock
) -> None:
    store = store_in(cloud, clock)
    begun, erased = Event(), Event()

    def chunks() -> Iterator[Sequence[Trade]]:
        yield [trade(number) for number in range(300)]
        begun.set()
        assert erased.wait(20)
        yield [trade(number) for number in range(300, 600)]

    importing = asyncio.ensure_future(store.imports.import_trades(ALICE, chunks()))
    assert await asyncio.to_thread(begun.wait, 20)
    await erase(store, ALICE)
    erased.set()
    with pytest.raises(Conflict):
        await importing

    assert await held(store, ALICE) == NOTHING
    assert [path async for path in documents_of(cloud)] == []
    await store.close()
