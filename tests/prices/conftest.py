"""A price server that stands in for all four APIs, and a patient client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.prices.http import JsonHttp, Patience
from tests.devnet.price_server import PriceServer
from tests.prices.samples import COINS, NOW


@pytest.fixture
async def server() -> AsyncIterator[PriceServer]:
    async with PriceServer(COINS, now=NOW.timestamp) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[JsonHttp]:
    async def no_wait(_: float) -> None:
        return None

    client = JsonHttp(Patience(attempt_seconds=2.0, most_bytes=100_000), sleep=no_wait, now=lambda: NOW)
    yield client
    await client.close()
