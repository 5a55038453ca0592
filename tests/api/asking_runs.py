"""Snapshot runs over fakes: every function on one port, with a local bus that delivers within the process."""

from __future__ import annotations

from typing import Any

from shared.api import fetch_balances, history, runs, snapshot, wallets
from shared.api.app import build_app
from shared.api.local_bus import deliver_here
from shared.core.chains import Chains
from shared.core.ids import Address, AssetId, ChainId
from shared.facts import load_chains
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking_trades import Caller, NamedUser
from tests.fakes import USDC, WALLET, Fakes, price

SNAPSHOTS = "/api/v1/snapshots"
HISTORY = "/api/v1/portfolio/history"
WALLETS = "/api/v1/wallets"
OTHER = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
ETH = AssetId("eip155:1/slip44:60")
ROUTES = (*snapshot.ROUTES, *fetch_balances.ROUTES, *runs.ROUTES, *history.ROUTES, *wallets.ROUTES)


def rich_fakes() -> Fakes:
    """Ethereum and Base, where the wallet has two ether and five dollars."""
    known = load_chains()
    fakes = Fakes(chains=Chains([known[ChainId(1)], known[ChainId(8453)]]))
    fakes.client(1).balances = {(WALLET, None): 2 * 10**18, (WALLET, USDC.address): 5_000_000}
    base = known[ChainId(8453)].native_asset_id
    fakes.book.known = {
        ETH: price(ETH, "3000"),
        base: price(base, "3000"),
        USDC.asset_id: price(USDC.asset_id, "1"),
    }
    return fakes


class Site:
    """All functions on one port; callers are told apart by name."""

    def __init__(self, fakes: Fakes | None = None) -> None:
        self.fakes = fakes or rich_fakes()
        self.context = self.fakes.context()
        self.app: App[Context] = build_app(
            "local",
            ROUTES,
            self.fakes.settings,
            lambda: self.context,
            clock=self.fakes.clock.seconds,
            opened=deliver_here,
        )
        object.__setattr__(self.app.conduct, "auth", NamedUser())

    def caller(self, user: str | None) -> Caller:
        return Caller(self.app, user)

    async def save(self, user: str, *wallets: Address, **more: Any) -> None:
        for wallet in wallets:
            answer = await self.caller(user)("POST", WALLETS, json={"address": wallet, **more})
            assert answer.status_code == 201, answer.text

    async def snapshot(self, user: str) -> Any:
        """The run that the user started, when there is nothing left to do for it."""
        started = await self.caller(user)("POST", SNAPSHOTS)
        assert started.status_code == 202, started.text
        await self.fakes.bus.drained()
        return (await self.caller(user)("GET", started.headers["location"])).json()

    async def history(self, user: str) -> Any:
        """The user's snapshots, the latest first."""
        answer = await self.caller(user)("GET", f"{HISTORY}?include_assets=true")
        return answer.json()["items"]

    async def close(self) -> None:
        await self.context.close()
