"""Balances are told as they are found: no chain waits for another, and nothing is left when it is over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from shared.core.app_balances import TOKENS
from shared.core.balances import BalanceRead
from shared.core.chains import Chain
from shared.core.failures import Failure
from shared.core.ids import ChainId
from shared.core.positions import PositionsRead
from shared.errors import RpcTimeout
from shared.services.app_finds import Found, failures_of
from shared.services.balances import BalanceReading, Broken, Word, apps_of
from tests.api.asking_balances import AAVE, rich
from tests.fakes import WALLET, FakeClient, Fakes

LONG = 30.0


@dataclass
class HeldClient(FakeClient):
    """Answers when it is let."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    bug: Exception | None = None

    async def read_balances(self, *arguments: object, **options: object) -> BalanceRead:
        await self.gate.wait()
        if self.bug is not None:
            raise self.bug
        return await super().read_balances(*arguments, **options)  # type: ignore[arg-type]  # passed on


def hold(fakes: Fakes, chain_id: int) -> HeldClient:
    """A chain that keeps its callers waiting."""
    client = HeldClient(fakes.chains[ChainId(chain_id)], fakes.client(chain_id).balances)
    fakes.clients.by_id[ChainId(chain_id)] = client
    return client


def reading_of(fakes: Fakes, *chain_ids: int, apps: tuple[str, ...] = ()) -> BalanceReading:
    context = fakes.context()
    chains = [fakes.chains[ChainId(number)] for number in chain_ids]
    return BalanceReading((WALLET,), apps_of(chains, apps, context), context)


async def rest(reading: BalanceReading) -> list[Found | Broken | Word]:
    told: list[Found | Broken | Word] = []
    while (each := await reading.next(LONG)) is not Word.DONE:
        told.append(each)
    return told


def named(told: list[Found | Broken | Word]) -> list[tuple[str, str]]:
    return [(each.chain.slug, each.app) for each in told if isinstance(each, Found)]


async def test_a_chain_is_told_while_others_are_still_read() -> None:
    fakes = rich()
    slow = hold(fakes, 8453)
    reading = reading_of(fakes, 8453, 1)
    reading.start()
    early = [await reading.next(LONG), await reading.next(LONG)]

    assert named(early) == [("ethereum", TOKENS), ("ethereum", AAVE)]
    slow.gate.set()
    assert named(await rest(reading)) == [("base", TOKENS)]
    await reading.close()


async def test_while_nothing_is_found_that_is_said() -> None:
    fakes = rich()
    slow = hold(fakes, 1)
    reading = reading_of(fakes, 1)
    reading.start()

    assert await reading.next(0.001) is Word.QUIET
    slow.gate.set()
    assert len(await rest(reading)) == 2
    await reading.close()


async def test_a_chain_that_fails_costs_only_itself() -> None:
    fakes = rich()
    fakes.client(8453).error = RpcTimeout("base: no answer")
    reading = reading_of(fakes, 1, 8453)
    reading.start()
    told = await rest(reading)
    await reading.close()

    failed = next(each for each in told if isinstance(each, Found) and each.chain.slug == "base")
    assert (failed.whole_chain, failed.balances) == (True, ())
    assert [failure.code for failure in failed.failures] == ["rpc_timeout"]
    assert len(told) == 3


async def test_an_error_of_ours_names_its_chain() -> None:
    fakes = rich()
    broken = hold(fakes, 8453)
    broken.bug = ZeroDivisionError("a bug")
    broken.gate.set()
    reading = reading_of(fakes, 8453)
    reading.start()
    (told,) = await rest(reading)
    await reading.close()

    assert isinstance(told, Broken)
    assert told.chain.slug == "base"
    assert isinstance(told.error, ZeroDivisionError)


async def test_closing_cancels_everything_that_nobody_waits_for() -> None:
    fakes = rich()
    hold(fakes, 1), hold(fakes, 8453)
    before = asyncio.all_tasks()
    reading = reading_of(fakes, 1, 8453, 137)
    reading.start()
    await reading.next(LONG)
    await reading.close()
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == before


async def test_without_a_chain_there_is_nothing_to_wait_for() -> None:
    reading = reading_of(rich())
    reading.start()

    assert await rest(reading) == []
    await reading.close()


@pytest.mark.parametrize(
    ("apps", "told"),
    [((AAVE,), [("ethereum", AAVE)]), ((TOKENS,), [("base", TOKENS), ("ethereum", TOKENS)])],
)
async def test_only_what_is_asked_for_is_told(apps: tuple[str, ...], told: list[tuple[str, str]]) -> None:
    reading = reading_of(rich(), 1, 8453, apps=apps)
    reading.start()

    assert sorted(named(await rest(reading))) == told
    await reading.close()


def chain() -> Chain:
    return Fakes().chains[ChainId(1)]


@pytest.mark.parametrize(
    ("protocol", "answered", "told"),
    [
        ("aave-v3", (), {"aave-v3"}),
        (None, ("erc4626",), {"aave-v3"}),
        (None, (), {"aave-v3", "erc4626"}),
        (None, ("aave-v3", "erc4626"), {"aave-v3"}),
    ],
)
def test_no_failure_of_a_protocol_is_lost(
    protocol: str | None, answered: tuple[str, ...], told: set[str]
) -> None:
    failure = Failure("protocol", "ethereum", "protocol_unavailable", "no answer", protocol=protocol)
    read = PositionsRead(chain(), None, (), answered, (failure,))
    wanted = ("aave-v3", "erc4626")

    assert {app for app in wanted if failure in failures_of(read, app, wanted)} == told
