"""What open streams share: each waits until its chains were tried; however many wait, there is one read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from shared.core.chains import Chain
from shared.core.ids import ChainId
from shared.core.stream_ids import Start
from shared.services.chain_reads import PortfolioQuery
from shared.services.stream_hub import StreamHub
from shared.services.stream_outbox import Outbox
from tests.fakes import WALLET, FakeClient, Fakes

STREAMS = 1_000
NEVER = 3_600.0


@dataclass
class Setting:
    """A hub over chains of fakes."""

    hub: StreamHub
    fakes: Fakes
    streams: ExitStack = field(default_factory=ExitStack)

    def query(self, *chain_ids: int) -> PortfolioQuery:
        return PortfolioQuery((WALLET,), tuple(self.fakes.chains[ChainId(each)] for each in chain_ids))

    def join(self, query: PortfolioQuery) -> None:
        outbox = Outbox(
            Start("new", None),
            1,
            covers=lambda _: True,
            board=self.hub.board,
            failing=lambda: self.hub.failing(query),
            stir=lambda: None,
        )
        self.streams.enter_context(self.hub.joined(query, outbox))


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    fakes = Fakes()
    context = fakes.context()
    setting = Setting(StreamHub(context), fakes)
    yield setting
    setting.streams.close()
    await setting.hub.close()
    await context.close()


class SilentClient(FakeClient):
    """Never answers."""

    async def read_balances(self, *_: object, **__: object) -> None:  # type: ignore[override]  # it never does
        await asyncio.Event().wait()


def silent(chain: Chain, fakes: Fakes) -> None:
    fakes.clients.by_id[chain.chain_id] = SilentClient(chain)


async def test_who_waits_goes_on_when_all_chains_were_tried(setting: Setting) -> None:
    query = setting.query(1, 8453)
    setting.join(query)
    before = setting.hub.failing(query)
    async with asyncio.timeout(10):
        await setting.hub.settle(query, within=NEVER)

    assert before.pending == ("ethereum", "base")
    assert setting.hub.failing(query).pending == ()


async def test_nobody_waits_for_a_chain_longer_than_he_says(setting: Setting) -> None:
    silent(setting.fakes.chains[ChainId(8453)], setting.fakes)
    query, read = setting.query(1, 8453), setting.query(1)
    setting.join(query)
    async with asyncio.timeout(10):
        await setting.hub.settle(read, within=NEVER)
        await setting.hub.settle(query, within=0)

    assert setting.hub.failing(query).pending == ("base",)


async def test_however_many_wait_for_a_wallet_it_is_read_once(setting: Setting) -> None:
    query = setting.query(1)
    for _ in range(STREAMS):
        setting.join(query)
    async with asyncio.timeout(10):
        await asyncio.gather(*(setting.hub.settle(query, within=NEVER) for _ in range(STREAMS)))

    assert setting.fakes.client(1).reads == 1
