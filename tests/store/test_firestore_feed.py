"""Listening to Firestore: as the real one speaks, which the emulator does not, and over lines that break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import grpc  # type: ignore[import-untyped]  # has no types
import pytest
import pytest_asyncio
from google.cloud.firestore_v1.types import ListenRequest, ListenResponse, TargetChange

from shared.core.fragments import Fragment
from shared.core.ids import Address
from shared.errors import StoreUnavailable
from shared.store.codecs import from_micros, to_micros
from shared.store.firestore.cloud import Cloud
from shared.store.firestore.feed import FirestoreFeed
from shared.store.firestore.opening import store_in
from shared.store.run_codecs import pack_balances
from shared.store.run_ports import News
from tests.faults.grpc_proxy import GrpcProxy, Trouble
from tests.store.conftest import IndexedCloud
from tests.store.run_samples import address, fragment
from tests.store.samples import START, Clock
from tests.store.test_store_feed import Ear

BEGIN = to_micros(START)
UNAVAILABLE = Trouble(grpc.StatusCode.UNAVAILABLE, done=False)
_Kind = TargetChange.TargetChangeType


@dataclass
class Call:
    """One call that listens: what it was asked, and what it is to say. An error ends it."""

    asked: list[ListenRequest] = field(default_factory=list)
    said: asyncio.Queue[ListenResponse | StoreUnavailable] = field(default_factory=asyncio.Queue)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def targets(self, number: int) -> dict[Address, Any]:
        """Wait until it was asked for so many; the target of each wallet, without those that were removed."""
        while len(self.asked) < number:
            self.news.clear()
            await self.news.wait()
        removed = {each.remove_target for each in self.asked if each.remove_target}
        added = [each.add_target for each in self.asked if each.add_target.target_id]
        return {wallet_of(each): each for each in added if each.target_id not in removed}

    def change(self, kind: int, *targets: Any, **more: Any) -> None:
        numbers = [target.target_id for target in targets]
        self.say(target_change=TargetChange(target_change_type=kind, target_ids=numbers, **more))

    def consistent(self, at: int, token: bytes = b"") -> None:
        self.change(_Kind.NO_CHANGE, read_time=from_micros(BEGIN + at), resume_token=token)

    def write(self, written: Fragment, at: int, target: Any) -> None:
        document = document_of(written, BEGIN + at)
        self.say(document_change={"document": document, "target_ids": [target.target_id]})

    def say(self, **response: Any) -> None:
        self.said.put_nowait(ListenResponse(**response))

    def fail(self) -> None:
        self.said.put_nowait(StoreUnavailable("it broke"))


class ScriptedCloud(Cloud):
    """A Firestore that says what it is told to say; its time stands still."""

    def __init__(self) -> None:
        super().__init__("demo-scripted")
        self.calls: asyncio.Queue[Call] = asyncio.Queue()

    async def server_time(self) -> datetime:
        return START

    async def listen(self, requests: AsyncIterator[ListenRequest]) -> AsyncGenerator[ListenResponse, None]:
        call = Call()
        reading = asyncio.create_task(_note(requests, call))
        self.calls.put_nowait(call)
        try:
            while not isinstance(said := await call.said.get(), StoreUnavailable):
                yield said
            raise said
        finally:
            reading.cancel()


async def _note(requests: AsyncIterator[ListenRequest], call: Call) -> None:
    async for request in requests:
        call.asked.append(request)
        call.news.set()


def wallet_of(target: Any) -> Address:
    wallet: Address = target.query.structured_query.where.field_filter.value.string_value
    return wallet


def document_of(written: Fragment, at: int) -> dict[str, Any]:
    fields = {
        "wallet": {"string_value": written.wallet},
        "chain": {"string_value": written.chain},
        "protocol": {"string_value": written.protocol},
        "block_number": {"integer_value": written.block.number},
        "block_time": {"timestamp_value": written.block.time},
        "content": {"bytes_value": pack_balances(written)},
        "parts": {"integer_value": 1},
        "writing": {"string_value": "w"},
        "expire_at": {"timestamp_value": START + timedelta(days=30)},
    }
    name = f"projects/p/databases/(default)/documents/balances/{written.wallet}:{written.chain}"
    moment = from_micros(at)
    return {"name": name, "fields": fields, "create_time": START, "update_time": moment}


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedCloud:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    return ScriptedCloud()


@pytest_asyncio.fixture
async def feed(scripted: ScriptedCloud) -> AsyncIterator[FirestoreFeed]:
    opened = FirestoreFeed(scripted)
    yield opened
    await opened.close()
    await scripted.close()


async def following(feed: FirestoreFeed, cloud: ScriptedCloud, ear: Ear, *wallets: int) -> Call:
    """The first call, which has caught up with these wallets."""
    asking = asyncio.create_task(feed.follow([address(wallet) for wallet in wallets], ear))
    call = await cloud.calls.get()
    targets = await call.targets(len(wallets))
    catch_up(call, targets, at=1)
    await asking
    return call


def catch_up(call: Call, targets: dict[Address, Any], at: int, token: bytes = b"") -> None:
    call.change(_Kind.ADD, *targets.values())
    call.change(_Kind.CURRENT, *targets.values(), read_time=from_micros(BEGIN + at))
    call.consistent(at, token)


async def test_a_wallet_is_listened_to_from_when_it_was_followed(
    feed: FirestoreFeed, scripted: ScriptedCloud
) -> None:
    call = await following(feed, scripted, Ear(), 1)

    (target,) = (await call.targets(1)).values()
    assert (to_micros(target.read_time), target.resume_token) == (BEGIN, b"")
    assert target.query.structured_query.from_[0].collection_id == "balances"


async def test_changes_are_told_when_all_is_consistent_and_in_order(
    feed: FirestoreFeed, scripted: ScriptedCloud
) -> None:
    ear = Ear()
    call = await following(feed, scripted, ear, 1, 2)
    one, two = [(await call.targets(2))[address(wallet)] for wallet in (1, 2)]

    call.write(fragment(2), 7, two)
    call.write(fragment(1), 5, one)
    call.change(_Kind.NO_CHANGE, one, read_time=from_micros(BEGIN + 6))
    call.write(fragment(1, 101), 8, one)
    call.consistent(9)
    await ear.hears((1, 101), (2, 100))

    told = (fragment(2)._replace(sequence=BEGIN + 7), fragment(1, 101)._replace(sequence=BEGIN + 8))
    assert ear.news == [News(told, BEGIN + 9)]


async def test_who_joins_gets_a_target_of_its_own_and_what_leaves_is_removed(
    feed: FirestoreFeed, scripted: ScriptedCloud
) -> None:
    call = await following(feed, scripted, Ear(), 1)
    joining = asyncio.create_task(feed.follow([address(1), address(2)], Ear()))
    targets = await call.targets(2)
    assert not joining.done()
    call.change(_Kind.CURRENT, targets[address(2)])
    call.consistent(2)

    (await joining)()

    assert (await call.targets(3)).keys() == {address(1)}


async def test_who_joins_keeps_nobody_waiting(feed: FirestoreFeed, scripted: ScriptedCloud) -> None:
    ear = Ear()
    call = await following(feed, scripted, ear, 1)
    joining = asyncio.create_task(feed.follow([address(2)], Ear()))
    targets = await call.targets(2)

    call.write(fragment(1), 5, targets[address(1)])
    call.consistent(6)
    await ear.hears((1, 100))

    assert not joining.done()
    joining.cancel()
    assert (await call.targets(3)).keys() == {address(1)}


async def test_a_broken_call_is_followed_by_one_that_goes_on(
    feed: FirestoreFeed, scripted: ScriptedCloud
) -> None:
    """What was not yet consistent is told by the next call, what was told is not."""
    ear = Ear()
    call = await following(feed, scripted, ear, 1)
    (target,) = (await call.targets(1)).values()
    call.write(fragment(1), 5, target)
    call.consistent(6, b"six")
    await ear.hears((1, 100))
    call.write(fragment(1, 101), 7, target)
    call.fail()

    again = await scripted.calls.get()
    targets = await again.targets(1)
    assert targets[address(1)].resume_token == b"six"
    again.write(fragment(1), 5, targets[address(1)])
    again.write(fragment(1, 101), 7, targets[address(1)])
    catch_up(again, targets, at=8)
    await ear.hears((1, 101))

    assert ear.blocks == [(address(1), 100), (address(1), 101)]


async def test_after_a_break_nothing_is_told_before_all_have_caught_up(
    feed: FirestoreFeed, scripted: ScriptedCloud
) -> None:
    ear = Ear()
    call = await following(feed, scripted, ear, 1, 2)
    call.fail()

    again = await scripted.calls.get()
    targets = await again.targets(2)
    one, two = targets[address(1)], targets[address(2)]
    again.change(_Kind.CURRENT, one)
    again.write(fragment(1), 20, one)
    again.consistent(21)
    again.write(fragment(2), 11, two)
    again.change(_Kind.CURRENT, two)
    again.consistent(22)
    await ear.hears((1, 100), (2, 100))

    assert [len(news.fragments) for news in ear.news] == [2]
    assert ear.blocks == [(address(2), 100), (address(1), 100)]


async def test_what_leads_to_nothing_twice_is_begun_afresh(
    feed: FirestoreFeed, scripted: ScriptedCloud
) -> None:
    ear = Ear()
    call = await following(feed, scripted, ear, 1)
    call.consistent(6, b"six")
    call.fail()
    for _ in range(2):
        call = await scripted.calls.get()
        (target,) = (await call.targets(1)).values()
        call.change(_Kind.REMOVE, target, cause={"code": 3, "message": "the token is too old"})
    call = await scripted.calls.get()
    targets = await call.targets(1)

    target = targets[address(1)]
    assert (target.resume_token, "read_time" in target) == (b"", False)
    call.write(fragment(1), 5, target)
    call.write(fragment(1, 101, chain="ethereum"), 7, target)
    catch_up(call, targets, at=8)
    await ear.hears((1, 101))
    assert ear.blocks == [(address(1), 101)]


async def test_a_call_that_does_not_catch_up_is_given_up(scripted: ScriptedCloud) -> None:
    feed, ear = FirestoreFeed(scripted, patience_seconds=0.05), Ear()
    (await following(feed, scripted, ear, 1)).fail()
    silent = await scripted.calls.get()
    silent.change(_Kind.RESET)

    call = await scripted.calls.get()
    targets = await call.targets(1)
    call.write(fragment(1), 5, targets[address(1)])
    call.change(_Kind.CURRENT)
    call.consistent(6)
    await ear.hears((1, 100))

    assert ear.blocks == [(address(1), 100)]
    await feed.close()
    await scripted.close()


async def test_what_is_said_of_documents_that_are_gone_is_not_told(
    feed: FirestoreFeed, scripted: ScriptedCloud
) -> None:
    ear = Ear()
    call = await following(feed, scripted, ear, 1)
    (target,) = (await call.targets(1)).values()

    call.say(document_delete={"document": "d", "removed_target_ids": [target.target_id]})
    call.say(document_remove={"document": "d", "removed_target_ids": [target.target_id]})
    call.say(filter={"target_id": target.target_id, "count": 0})
    call.consistent(4)
    call.write(fragment(1), 5, target)
    call.consistent(6)
    await ear.hears((1, 100))

    assert len(ear.news) == 1


@pytest_asyncio.fixture
async def proxy(emulator: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GrpcProxy]:
    """What the listener takes for Firestore."""
    async with GrpcProxy(emulator) as proxy:
        yield proxy


async def test_a_line_that_breaks_again_and_again_loses_nothing(
    proxy: GrpcProxy, cloud: IndexedCloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = store_in(cloud, clock)
    await writer.ready()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.address)
    listener, ear = store_in(IndexedCloud(cloud.client.project), clock), Ear()
    wallets = range(1, 4)
    await listener.feed.follow([address(wallet) for wallet in wallets], ear)

    for block in range(100, 106):
        proxy.cut()
        await writer.latest.put_latest([fragment(wallet, block) for wallet in wallets])
        if block % 2:
            await ear.hears(*((wallet, block) for wallet in wallets))

    order = [(each.sequence, each.key) for each in ear.fragments]
    assert order == sorted(set(order))
    kept = await writer.latest.list_latest([address(wallet) for wallet in wallets])
    assert {each.key: each for each in ear.fragments} == {each.key: each for each in kept.fragments}
    await listener.close()
    await writer.close()


async def test_what_is_written_while_nobody_can_listen_is_told_later(
    proxy: GrpcProxy, cloud: IndexedCloud, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = store_in(cloud, clock)
    await writer.ready()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.address)
    listener, ear = store_in(IndexedCloud(cloud.client.project), clock), Ear()
    await listener.feed.follow([address(1)], ear)
    left = iter(range(3))
    proxy.trouble = lambda method: (
        UNAVAILABLE if method == "Listen" and next(left, None) is not None else None
    )
    proxy.cut()

    await writer.latest.put_latest([fragment(1)])
    await ear.hears((1, 100))

    assert ear.blocks == [(address(1), 100)]
    assert proxy.troubles["Listen"] == 3
    await listener.close()
    await writer.close()


async def test_when_listening_cannot_begin_the_store_is_unavailable(
    proxy: GrpcProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.address)
    proxy.trouble = lambda method: UNAVAILABLE
    cloud = Cloud("demo-nobody-listens", patience_seconds=0.2)
    feed = FirestoreFeed(cloud, patience_seconds=0.3)

    with pytest.raises(StoreUnavailable):
        await feed.follow([address(1)], Ear())
    proxy.trouble = lambda method: UNAVAILABLE if method == "Listen" else None
    with pytest.raises(StoreUnavailable):
        await feed.follow([address(1)], Ear())

    await feed.close()
    await cloud.close()
