"""GET /api/v1/stream over fakes: its prices, when the only client leaves and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.core.tokens import Token
from shared.prices.book import PriceAnswer
from tests.api.listening import listening
from tests.api.streaming import LONG, MAINNET, Served, close, make_served
from tests.fakes import USDC, FakeBook, price


class FarBook(FakeBook):
    """Everything else goes on while it answers."""

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        await asyncio.sleep(0.05)
        return await super().prices(tokens, within=within, fresh=fresh)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    served = make_served(LONG, FarBook())
    yield served
    await close(served)


async def test_a_lone_client_that_comes_back_hears_only_that_the_stream_is_alive(served: Served) -> None:
    async with listening(served.app, MAINNET) as listener:
        snapshot = await listener.next()
    async with listening(served.app, MAINNET, snapshot.id) as listener:
        beat = await listener.next()
        served.holds(1)
        await served.refresh()
        later = await listener.next()

    assert (snapshot.name, len(snapshot.data["prices"])) == ("snapshot", 1)
    assert [beat.name, later.name] == ["heartbeat", "fragment"]


async def test_a_lone_client_that_comes_back_hears_what_has_changed(served: Served) -> None:
    async with listening(served.app, MAINNET) as listener:
        snapshot = await listener.next()
    served.fakes.book.known = {USDC.asset_id: price(USDC.asset_id, "0.9")}
    async with listening(served.app, MAINNET, snapshot.id) as listener:
        told = [await listener.next(), await listener.next()]

    assert [event.name for event in told] == ["heartbeat", "price"]
    assert [tick["price_usd"] for tick in told[1].data["prices"]] == ["0.9"]


async def test_after_an_idle_time_the_snapshot_has_the_prices_of_now(served: Served) -> None:
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
    served.fakes.book.known = {USDC.asset_id: price(USDC.asset_id, "0.9")}
    async with listening(served.app, MAINNET) as listener:
        snapshot = await listener.next()

    assert [tick["price_usd"] for tick in snapshot.data["prices"]] == ["0.9"]
