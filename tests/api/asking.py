"""The portfolio endpoint over fakes, asked in-process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from shared.api.app import build_app
from shared.api.portfolio import PATH, ROUTES
from shared.web.app import App
from shared.wiring import Context
from tests.fakes import WALLET, Fakes


def app_of(fakes: Fakes) -> App[Context]:
    """The function's app on these fakes, with their clock."""
    return build_app("portfolio", ROUTES, fakes.settings, fakes.context, base=PATH, clock=fakes.clock.seconds)


async def ask(app: App[Context], url: str = PATH, **options: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(options.pop("method", "GET"), url, **options)


async def portfolio(fakes: Fakes, *fields: tuple[str, str], address: str = WALLET) -> httpx.Response:
    """The portfolio of the wallet on Ethereum, unless the fields say otherwise."""
    query = httpx.QueryParams([("address", address), *with_chain(fields)])
    return await ask(app_of(fakes), f"{PATH}?{query}")


def with_chain(fields: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    return fields if any(name == "chains" for name, _ in fields) else [("chains", "ethereum"), *fields]
