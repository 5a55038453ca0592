"""The stream and the refresh over fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.api.app import build_app
from shared.api.refresh import PATH as REFRESH
from shared.api.refresh import ROUTES as REFRESH_ROUTES
from shared.api.stream import PATH, ROUTES
from shared.config import Settings, StreamSettings
from shared.services.stream_hub import hub_of
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking import ask
from tests.fakes import USDC, WALLET, FakeBook, Fakes, price

MAINNET = f"{PATH}?address={WALLET}&chains=ethereum"
OTHER = "0x00000000219ab540356cBB839Cbe05303d7705Fa"
LONG = StreamSettings(refresh_seconds=3_600, heartbeat_seconds=3_600, longest_seconds=3_600)


@dataclass
class Served:
    """The app on its fakes; the wallet holds 12.5 USDC, priced at a dollar."""

    fakes: Fakes
    context: Context
    app: App[Context]

    def holds(self, raw: int) -> None:
        """From the next block on."""
        client = self.fakes.client(1)
        client.block_number += 1
        client.balances = {(WALLET, USDC.address): raw} if raw else {}

    async def refresh(self, *chains: str) -> Any:
        body = {"addresses": [WALLET], "chains": list(chains or ["ethereum"])}
        return (await ask(self.app, REFRESH, method="POST", json=body)).json()


def make_served(streams: StreamSettings, book: FakeBook | None = None, **settings: Any) -> Served:
    fakes = Fakes(settings=Settings(log_level="ERROR", streams=streams, **settings), book=book or FakeBook())
    fakes.book.known = {USDC.asset_id: price(USDC.asset_id, "1")}
    context = fakes.context()
    routes = (*ROUTES, *REFRESH_ROUTES)
    app = build_app("balances", routes, fakes.settings, lambda: context, clock=fakes.clock.seconds)
    served = Served(fakes, context, app)
    served.holds(12_500_000)
    return served


async def close(served: Served) -> None:
    assert hub_of(served.context).streams == 0
    await served.context.close()
