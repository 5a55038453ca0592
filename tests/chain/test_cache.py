"""The balance cache reads a chain once for the same question asked within seconds."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared.chain.cache import BalanceCache
from shared.core.balances import BalanceRead, Block
from shared.core.ids import Address, ChainId, address_from_bytes
from shared.errors import RpcTimeout
from shared.facts import load_chains

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ALICE, BOB = (address_from_bytes(bytes([n] * 20)) for n in (1, 2))


class FakeReader:
    """Counts its reads; each is of the next block."""

    def __init__(self) -> None:
        self.chain = load_chains()[ChainId(1)]
        self.reads = 0
        self.open = asyncio.Event()
        self.open.set()
        self.error: RpcTimeout | None = None

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        self.reads += 1
        number = self.reads
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return BalanceRead(self.chain.chain_id, Block(number, NOW), {}, (), frozenset(), len(tokens))


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


async def read(
    cache: BalanceCache, reader: FakeReader, wallet: Address = ALICE, *, refresh: bool = False
) -> int:
    answer = await cache.read(reader, (wallet,), (), within=1, refresh=refresh)
    return answer.read.block.number


async def test_an_answer_is_kept_for_its_time() -> None:
    clock, reader = Clock(), FakeReader()
    cache = BalanceCache(clock, ttl=timedelta(seconds=10))
    first = await read(cache, reader)
    clock.time += timedelta(seconds=9)
    second = await read(cache, reader)
    clock.time += timedelta(seconds=1)
    third = await read(cache, reader)

    assert (first, second, third) == (1, 1, 2)


async def test_another_wallet_is_another_question() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10)), FakeReader()

    assert [await read(cache, reader, wallet) for wallet in (ALICE, BOB, ALICE)] == [1, 2, 1]


async def test_a_refresh_asks_the_chain_and_is_remembered() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10)), FakeReader()
    await read(cache, reader)

    assert await read(cache, reader, refresh=True) == 2
    assert await read(cache, reader) == 2


async def test_a_time_of_zero_asks_the_chain_every_time() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta()), FakeReader()

    assert [await read(cache, reader) for _ in range(3)] == [1, 2, 3]


async def test_questions_asked_at_once_are_one_read() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10)), FakeReader()

    assert await asyncio.gather(*(read(cache, reader) for _ in range(5))) == [1] * 5


async def test_a_caller_who_leaves_does_not_take_the_answer_along() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10)), FakeReader()
    reader.open.clear()
    leaving, staying = (asyncio.create_task(read(cache, reader)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    reader.open.set()

    assert await staying == 1


async def test_a_read_that_was_overtaken_is_not_remembered() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10)), FakeReader()
    held, gate = asyncio.Event(), asyncio.Event()
    reader.open = held
    slow = asyncio.create_task(read(cache, reader, refresh=True))
    await asyncio.sleep(0)
    reader.open = gate
    gate.set()
    newer = await read(cache, reader, refresh=True)
    held.set()

    assert (newer, await slow) == (2, 1)
    assert await read(cache, reader) == 2


async def test_a_failure_is_raised_and_not_remembered() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10)), FakeReader()
    reader.error = RpcTimeout("slow")
    with pytest.raises(RpcTimeout):
        await read(cache, reader)
    reader.error = None

    assert await read(cache, reader) == 2


async def test_the_last_answer_is_known_for_a_while_after_its_time() -> None:
    clock, reader = Clock(), FakeReader()
    cache = BalanceCache(clock, ttl=timedelta(seconds=10), keep=timedelta(minutes=10))
    await read(cache, reader)
    clock.time += timedelta(minutes=10)
    known = cache.last_known(reader, (ALICE,), ())
    clock.time += timedelta(seconds=1)

    assert known is not None
    assert known.read.block.number == 1
    assert cache.last_known(reader, (ALICE,), ()) is None


async def test_only_so_many_answers_are_kept() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10), size=1), FakeReader()
    await read(cache, reader, ALICE)
    await read(cache, reader, BOB)

    assert cache.last_known(reader, (ALICE,), ()) is None


async def test_closing_ends_the_reads_under_way() -> None:
    cache, reader = BalanceCache(Clock(), ttl=timedelta(seconds=10)), FakeReader()
    reader.open.clear()
    waiting = asyncio.create_task(read(cache, reader))
    await asyncio.sleep(0)
    await cache.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_read_that_nobody_waits_for_any_more_is_cancelled() -> None:
    reader = FakeReader()
    reader.open.clear()
    cache = BalanceCache(Clock(), ttl=timedelta(seconds=10))
    waiting = [asyncio.create_task(read(cache, reader)) for _ in range(2)]
    await asyncio.sleep(0)
    before = asyncio.all_tasks()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.sleep(0)

    assert not asyncio.all_tasks() & before - {asyncio.current_task()}
    reader.open.set()
    assert await read(cache, reader) == 2
