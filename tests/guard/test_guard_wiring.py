"""Whatever a deployed function asks, it asks nobody in a private network, whatever name leads there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest

from shared.api import portfolio, snapshot
from shared.api.app import build_app
from shared.config import Oidc, PriceApis, Settings, TriggerSettings
from shared.core.ids import ZERO_ADDRESS, ChainId
from shared.core.tokens import native_token
from shared.errors import RpcUnavailable
from shared.web.messages import Route
from shared.wiring import Context, open_context
from tests.web.tokens import AUDIENCE, ISSUER, token


@dataclass
class Inside:
    """A server of this machine, under a name that is not of the ones that are refused as they are written."""

    url: str = ""
    heard: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def inside() -> AsyncIterator[Inside]:
    server = Inside()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if said := await reader.read(1000):
            server.heard.append(said)
        writer.close()

    listening = await asyncio.start_server(listen, "127.0.0.1", 0)
    server.url = f"http://localhost:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


async def ask_chain(settings: Settings) -> None:
    context = open_context(settings)
    with pytest.raises(RpcUnavailable):
        await context.client(context.known_chains[ChainId(1)]).read_balances([ZERO_ADDRESS], [], within=5)
    await context.close()


async def ask_prices(settings: Settings) -> None:
    context = open_context(settings)
    coin = native_token(context.known_chains[ChainId(1)])
    answer = await context.prices.prices([coin], within=5)
    assert answer.prices[coin.asset_id].price_usd is None
    await context.close()


async def ask_keys_of_users(settings: Settings) -> None:
    assert await _status(settings, "GET", portfolio.ROUTES[0]) == 503


async def ask_keys_of_the_platform(settings: Settings) -> None:
    assert await _status(settings, "POST", snapshot.ROUTES[0]) == 503


async def _status(settings: Settings, method: str, route: Route[Context]) -> int:
    app = build_app("wiring", [route], settings, partial(open_context, settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chainfolio") as client:
        headers = {"Authorization": token().decode(), "Content-Type": "application/json"}
        answer = await client.request(method, route.path, headers=headers)
    await app.conduct.auth.close()
    if app.conduct.platform is not None:
        await app.conduct.platform.close()
    return answer.status_code


ASKING = (ask_chain, ask_prices, ask_keys_of_users, ask_keys_of_the_platform)


def settings_of(url: str, *, public_only: bool) -> Settings:
    return Settings(
        rpc_urls={1: (url,)},
        price_apis=PriceApis(
            backed_url=url, llama_url=url, coingecko_url=url, coinmarketcap_url=url, coinmarketcap_key="key"
        ),
        chains=("ethereum",),
        auth_mode="oidc",
        oidc=Oidc(ISSUER, AUDIENCE, url),
        triggers=TriggerSettings("https://run.example", ("pusher@project.example",), url),
        store="sqlite::memory:",
        deployed=True,
        public_only=public_only,
    )


@pytest.mark.parametrize("ask", ASKING, ids=lambda ask: ask.__name__.replace("_", " "))
@pytest.mark.parametrize("public_only", [True, False])
async def test_a_name_that_leads_inside_is_asked_only_where_that_is_allowed(
    ask: Callable[[Settings], Awaitable[None]], public_only: bool
) -> None:
    async with inside() as server:
        await asyncio.wait_for(ask(settings_of(server.url, public_only=public_only)), 30)

        assert bool(server.heard) is not public_only
