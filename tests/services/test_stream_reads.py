"""One chain read for many streams: together, no more often than needed, and only while somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from shared.core.balances import BalanceRead
from shared.core.failures import Failure
from shared.core.ids import Address, ChainId
from shared.core.stream_rhythm import Rhythm
from shared.errors import RpcTimeout, StoreUnavailable
from shared.services.stream_found import ChainOutcome
from shared.services.stream_reads import ChainReads
from tests.fakes import FakeClient, Fakes

WALLETS = tuple(Address(f"0x{number:040x}") for number in range(1, 121))
CALM = Rhythm(3_600, 10, price_seconds=60, heartbeat_seconds=15, longest_seconds=60)


@dataclass
class NotingClient(FakeClient):
    """Notes who was asked about, and may be made to wait."""

    asked: list[tuple[Address, ...]] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], **options: Any
    ) -> BalanceRead:
        self.asked.append(tuple(wallets))
        self.was_asked.set()
        await self.may_answer.wait()
        return await super().read_balances(wallets, tokens, **options)

    async def reads_made(self, number: int) -> None:
        async with asyncio.timeout(10):
            while len(self.asked) < number:
                self.was_asked.clear()
                await self.was_asked.wait()


@dataclass
class Setting:
    """The chain's reads at work on fakes."""

    reads: ChainReads
    client: NotingClient
    fakes: Fakes
    told: list[None]
    changed: asyncio.Event

    async def hears(self) -> None:
        async with asyncio.timeout(10):
            await self.changed.wait()
        self.changed.clear()


@asynccontextmanager
async def setting(rhythm: Rhythm = CALM, *, answers: bool = True) -> AsyncIterator[Setting]:
    fakes = Fakes()
    chain = fakes.chains[ChainId(1)]
    client = NotingClient(chain)
    fakes.clients.by_id[chain.chain_id] = client
    if answers:
        client.may_answer.set()
    told: list[None] = []
    changed = asyncio.Event()

    def failed() -> None:
        told.append(None)
        changed.set()

    context = fakes.context()
    reads = ChainReads(chain, rhythm, context, failed)
    task = asyncio.create_task(reads.run())
    try:
        yield Setting(reads, client, fakes, told, changed)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await context.close()


async def test_wallets_that_are_due_together_are_read_in_one_read_of_at_most_fifty() -> None:
    async with setting() as at:
        at.reads.watch(WALLETS)
        await at.client.reads_made(3)

    assert [len(wallets) for wallets in at.client.asked] == [50, 50, 20]
    assert {wallet for wallets in at.client.asked for wallet in wallets} == set(WALLETS)


async def test_whoever_comes_while_the_chain_is_read_is_read_next_with_the_others() -> None:
    async with setting(answers=False) as at:
        at.reads.watch(WALLETS[:1])
        await at.client.reads_made(1)
        for wallet in WALLETS[1:4]:
            at.reads.watch([wallet])
        at.client.may_answer.set()
        await at.client.reads_made(2)

    assert at.client.asked == [WALLETS[:1], WALLETS[1:4]]


async def test_a_wallet_of_many_streams_is_read_once() -> None:
    async with setting() as at:
        for _ in range(100):
            at.reads.watch(WALLETS[:1])
        await at.hears()
        at.reads.watch(WALLETS[1:2])
        await at.client.reads_made(2)

    assert at.client.asked == [WALLETS[:1], WALLETS[1:2]]


@pytest.mark.parametrize(("fresh_seconds", "reads"), [(3_600.0, 1), (0.0, 2)])
async def test_a_wallet_that_was_just_read_is_not_read_because_a_stream_begins(
    fresh_seconds: float, reads: int
) -> None:
    async with setting(CALM._replace(fresh_seconds=fresh_seconds)) as at:
        at.reads.watch(WALLETS[:1])
        await at.hears()
        at.reads.unwatch(WALLETS[:1])
        assert at.reads.is_idle
        at.reads.watch(WALLETS[:1])
        is_pending = bool(at.reads.failing(WALLETS[:1]).pending)
        at.reads.watch(WALLETS[1:2])
        await at.hears()

    assert is_pending == (reads == 2)
    assert sum(WALLETS[0] in wallets for wallets in at.client.asked) == reads


async def test_a_read_that_began_earlier_and_failed_does_not_undo_what_was_read_since() -> None:
    down = Failure("chain", "ethereum", "rpc_timeout", "no answer")
    async with setting() as at:
        began = asyncio.get_running_loop().time() - 1
        failed = ChainOutcome(at.fakes.chains[ChainId(1)], "error", None, (down,))
        at.reads.watch(WALLETS[:1])
        await at.hears()
        at.reads.tried(WALLETS[:2], failed, began)
        before = at.reads.failing(WALLETS[:1])
        at.reads.tried(WALLETS[:2], failed, began + 3_600)

    assert (before.failures, at.reads.failing(WALLETS[:1]).failures) == ((), (down,))


async def test_a_wallet_that_nobody_watched_for_long_is_pending_until_it_is_read_again() -> None:
    async with setting() as at:
        at.reads.watch(WALLETS[:1])
        await at.hears()
        at.reads.unwatch(WALLETS[:1])
        at.reads._wallets[WALLETS[0]].read_at -= CALM.fresh_seconds
        at.reads.watch(WALLETS[:1])
        before = at.reads.failing(WALLETS[:1])
        await at.hears()

    assert before.pending == ("ethereum",)
    assert at.reads.failing(WALLETS[:1]).pending == ()


async def test_wallets_are_read_again_when_it_is_time_and_then_all_together() -> None:
    async with setting(CALM._replace(refresh_seconds=0.05)) as at:
        at.reads.watch(WALLETS[:1])
        await at.hears()
        at.reads.watch(WALLETS[1:3])
        await at.client.reads_made(5)

    assert set(at.client.asked[-1]) == set(WALLETS[:3])


async def test_what_fails_is_known_for_the_wallets_that_were_read() -> None:
    async with setting() as at:
        at.reads.watch(WALLETS[:1])
        before = at.reads.failing(WALLETS[:1])
        at.client.error = RpcTimeout("no answer in time")
        await at.hears()
        after = at.reads.failing(WALLETS[:1])

    assert before == ((), ("ethereum",))
    assert [failure.code for failure in after.failures] == ["rpc_timeout"]
    assert after.pending == ()


async def test_what_stays_the_same_is_not_told_again() -> None:
    async with setting(CALM._replace(refresh_seconds=0.01)) as at:
        at.reads.watch(WALLETS[:1])
        await at.client.reads_made(5)

    assert len(at.told) == 1


async def test_a_store_that_is_away_for_a_while_does_not_end_the_reading() -> None:
    async with setting(CALM._replace(refresh_seconds=0.01)) as at:
        store = at.fakes.stores.get()
        at.fakes.stores._store = replace(store, latest=Away())  # type: ignore[arg-type]  # as far as it is called
        at.reads.watch(WALLETS[:1])
        await at.client.reads_made(2)
        at.fakes.stores._store = store
        await at.hears()

    assert at.reads.failing(WALLETS[:1]).pending == ()


class Away:
    """A store that cannot be reached."""

    async def list_known(self, *_: object) -> Any:
        raise StoreUnavailable("the store is away")


async def test_of_wallets_that_nobody_watches_nothing_is_kept() -> None:
    async with setting(CALM._replace(fresh_seconds=0)) as at:
        for _ in range(3):
            at.reads.watch(WALLETS)
            at.reads.unwatch(WALLETS)

    assert at.reads._wallets == {}
