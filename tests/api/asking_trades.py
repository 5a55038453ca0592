"""The trades and wallets endpoints over fakes, asked in-process by one user or another."""

from __future__ import annotations

from typing import Any

import httpx

from shared.api import trades_routes, wallets
from shared.api.app import build_app
from shared.errors import Unauthenticated
from shared.web.app import App
from shared.wiring import Context
from tests.fakes import Fakes

TRADES = "/api/v1/trades"
WALLETS = "/api/v1/wallets"
ETH = "eip155:1/slip44:60"
USDC = "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
TX = "0x" + "ab" * 32
BUY = {
    "side": "buy",
    "asset": ETH,
    "amount": "1.5",
    "price_usd": "2000",
    "executed_at": "2026-01-02T03:04:05Z",
}


class NamedUser:
    """Whoever sends `Bearer <name>` is that user; `Bearer forged` is nobody's token."""

    async def user(self, authorization: bytes | None) -> str | None:
        if authorization is None:
            return None
        name = authorization.decode().removeprefix("Bearer ")
        if name == "forged":
            raise Unauthenticated("the token is not valid")
        return name

    async def close(self) -> None:
        """Nothing is open."""


class Caller:
    """One user of an app."""

    def __init__(self, app: App[Context], user: str | None) -> None:
        self._app = app
        self._headers = {"authorization": f"Bearer {user}"} if user else {}

    async def __call__(self, method: str, url: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        headers = {**self._headers, **options.pop("headers", {})}
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, url, headers=headers, **options)

    async def record(self, **fields: Any) -> Any:
        """The body of a new trade like BUY, but for these fields."""
        answer = await self("POST", TRADES, json={**BUY, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def all_trades(self) -> list[Any]:
        """Every trade, the earliest first."""
        found: list[Any] = (await self("GET", f"{TRADES}/export?format=json")).json()["items"]
        return found


def ledger_app(fakes: Fakes | None = None) -> App[Context]:
    """Trades and wallets on one port, with users told apart by name."""
    fakes = fakes or Fakes()
    context = fakes.context()
    routes = (*trades_routes.ROUTES, *wallets.ROUTES)
    app = build_app("ledger", routes, fakes.settings, lambda: context, clock=fakes.clock.seconds)
    object.__setattr__(app.conduct, "auth", NamedUser())
    return app


def alice_and_bob(fakes: Fakes | None = None) -> tuple[Caller, Caller]:
    app = ledger_app(fakes)
    return Caller(app, "alice"), Caller(app, "bob")


def alice(fakes: Fakes | None = None) -> Caller:
    return Caller(ledger_app(fakes), "alice")


def fields_of(answer: httpx.Response) -> list[str]:
    """The fields that a problem names."""
    return [fault["field"] for fault in answer.json()["errors"]]
