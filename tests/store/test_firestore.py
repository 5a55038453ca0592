"""What is Firestore's own: lost and repeated commits, declared indexes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.cloud.firestore import AsyncWriteBatch, FieldFilter

from shared.core.trades import Trade
from shared.errors import Conflict, StoreUnavailable
from shared.store.firestore.cloud import Cloud, document_id
from shared.store.firestore.opening import store_in
from shared.store.ports import Store
from tests.store.clouds import DeafCloud, RepeatingCloud
from tests.store.conftest import IndexedCloud
from tests.store.indexes import INDEXES, IndexMissing
from tests.store.samples import ALICE, START, Clock, once, trade, tx


async def read_all(store: Store) -> list[Trade]:
    return [t async for chunk in store.log.read_trades(ALICE) for t in chunk]


def many(count: int) -> list[Trade]:
    return [trade(n, tx_hash=tx(n), chain="base") for n in range(count)]


async def test_an_addition_whose_answer_was_lost_can_be_repeated(cloud: IndexedCloud, clock: Clock) -> None:
    deaf = store_in(DeafCloud(cloud.client.project), clock)
    with pytest.raises(StoreUnavailable):
        await deaf.trades.add_trades(ALICE, many(2), once())
    await deaf.close()
    store = store_in(cloud, clock)

    assert await store.trades.add_trades(ALICE, many(2), once(body=b"second")) == once().answer
    assert await read_all(store) == many(2)
    await store.close()


async def test_a_repeated_commit_is_no_conflict(emulator: str, cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(RepeatingCloud(cloud.client.project), clock)

    assert await store.trades.add_trades(ALICE, many(3), once()) is None
    changed = many(3)[1]._replace(symbol="WETH", tx_hash=tx(9))
    assert await store.trades.replace_trade(ALICE, changed, 1) == (changed, 2)
    await store.trades.delete_trade(ALICE, changed.id, 2)

    assert await read_all(store) == [many(3)[0], many(3)[2]]
    await store.close()
    await cloud.close()


async def test_no_number_is_kept_as_a_double(cloud: IndexedCloud, clock: Clock) -> None:
    store = store_in(cloud, clock)
    await store.trades.add_trades(ALICE, many(1))

    fields = (await cloud.get(cloud.collection("trades").document("alice-000000"))).to_dict()

    assert fields is not None
    assert fields["amount"] == "1.50"
    assert fields["total_usd"] == "3000.1500"
    assert fields["executed_at"] == START
    assert not [name for name, value in fields.items() if isinstance(value, float)]
    await store.close()


async def test_an_unreachable_firestore_is_unavailable(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    store = store_in(Cloud("demo-nowhere", patience_seconds=0.2), clock)

    with pytest.raises(StoreUnavailable):
        await store.ready()
    await store.close()


@pytest.fixture
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing says who we are, and there is no metadata server."""
    for name in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.mark.usefixtures("_nobody")
@pytest.mark.parametrize("project", ["demo-nowhere", None])
async def test_without_credentials_every_port_is_unavailable_and_says_what_to_do(
    clock: Clock, project: str | None
) -> None:
    store = store_in(Cloud(project), clock)

    for asking in (store.ready(), store.wallets.list_wallets(ALICE), store.trades.add_trades(ALICE, many(1))):
        with pytest.raises(StoreUnavailable, match="gcloud auth application-default login"):
            await asking
    await store.close()


@pytest.mark.usefixtures("_nobody")
async def test_credentials_that_cannot_be_read_are_unavailable_too(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path))  # a folder
    store = store_in(Cloud("demo-nowhere"), clock)

    with pytest.raises(StoreUnavailable, match="Firestore needs credentials"):
        await store.ready()
    await store.close()


async def test_a_query_without_a_declared_index_is_refused(cloud: IndexedCloud, clock: Clock) -> None:
    trades = cloud.collection("trades").where(filter=FieldFilter("user_id", "==", ALICE))

    for query in (
        trades.order_by("created_at"),
        trades.where(filter=FieldFilter("amount", "==", "1")),
        trades.where(filter=FieldFilter("source", "==", "api")).order_by("executed_at"),
        trades.where(filter=FieldFilter("executed_at", "<", START)).where(
            filter=FieldFilter("link", ">", "a")
        ),
        cloud.collection("trades").order_by("executed_at"),
    ):
        with pytest.raises(IndexMissing):
            await cloud.select(query)
    await cloud.close()


def test_no_index_is_declared_twice() -> None:
    declared = json.loads(INDEXES.read_text())

    for kind in ("indexes", "fieldOverrides"):
        texts = [json.dumps(each, sort_keys=True) for each in declared[kind]]
        assert len(set(texts)) == len(texts)


def test_ids_of_documents_do_not_run_together() -> None:
    names = [
        ("a", "b"),
        ("a:b",),
        ("a%3Ab",),
        ("a/b",),
        (".",),
        ("..",),
        ("__a__",),
        ("",),
        ("=.",),
        ("é" * 900,),
    ]

    ids = {document_id(*each) for each in names}

    assert len(ids) == len(names)
    assert all(0 < len(each) <= 1500 and "/" not in each and each not in (".", "..") for each in ids)
    assert document_id("01ab") == "01ab"


async def test_a_claim_that_another_request_has_taken_meanwhile_is_not_taken_again(
    cloud: IndexedCloud, clock: Clock
) -> None:
    store = store_in(cloud, clock)
    await store.answers.begin_answer(ALICE, once().claim)
    clock.pass_(minutes=2)  # it has expired, so that both find a claim that is free

    class Slow(IndexedCloud):
        async def commit(self, batch: AsyncWriteBatch) -> None:
            await store.answers.begin_answer(ALICE, once(request_hash="other").claim)
            await super().commit(batch)

    slow = store_in(Slow(cloud.client.project), clock)
    with pytest.raises(Conflict):
        await slow.answers.begin_answer(ALICE, once().claim)

    await store.answers.finish_answer(ALICE, once(request_hash="other"))
    assert await store.answers.find_answer(ALICE, once(request_hash="other").claim) == once().answer
    await slow.close()
    await store.close()
