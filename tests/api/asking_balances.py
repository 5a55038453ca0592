"""`/v2/balances` over fakes, asked in-process, and its events read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from shared.api.app import build_app
from shared.api.balances import PATH, ROUTES
from shared.core.amounts import add
from shared.core.deployments import Deployment, Receipt
from shared.core.ids import ChainId, parse_address
from shared.core.tokens import native_token
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking import ask
from tests.fakes import USDC, WALLET, Fakes, price

OTHER = parse_address("0x000000000000000000000000000000000000dEaD")
A_USDC = parse_address("0x98C23E9d8f34FEFb1B7BD6a91B7FF122F4e16F5c")
DEBT_USDC = parse_address("0x72E95b8931767C79bA4EeE721354d6E99a61D004")
AAVE = "aave-v3"
assert USDC.address is not None
MARKET = Deployment(
    "aave_v3",
    AAVE,
    ChainId(1),
    "Core",
    (Receipt(A_USDC, "deposit", USDC.address), Receipt(DEBT_USDC, "debt", USDC.address)),
)


def rich() -> Fakes:
    """1.5 ETH at 3,000 and 12.5 USDC at 1.01; in Aave 1,000 USDC supplied and 400 borrowed."""
    fakes = Fakes(deployments=(MARKET,))
    fakes.client(1).balances = {
        (WALLET, None): 15 * 10**17,
        (WALLET, USDC.address): 12_500_000,
        (WALLET, A_USDC): 1_000_000_000,
        (WALLET, DEBT_USDC): 400_000_000,
    }
    native = native_token(fakes.chains[ChainId(1)]).asset_id
    fakes.book.known = {native: price(native, "3000"), USDC.asset_id: price(USDC.asset_id, "1.01")}
    return fakes


def balances_app(fakes: Fakes) -> App[Context]:
    return build_app("balances", ROUTES, fakes.settings, fakes.context, base=PATH, clock=fakes.clock.seconds)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, its data parsed where it is JSON, with all digits."""

    name: str
    data: Any


def events_of(text: str) -> list[Event]:
    """The events of a stream's text; comments are left out."""
    events = []
    for block in text.split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if fields:
            data = fields["data"]
            events.append(
                Event(fields["event"], data if data == "end" else json.loads(data, parse_float=Decimal))
            )
    return events


async def balances(fakes: Fakes, query: str, **headers: str) -> httpx.Response:
    return await ask(balances_app(fakes), f"{PATH}?{query}", headers=headers)


async def events(fakes: Fakes, query: str = f"addresses={WALLET}&networks=ethereum") -> list[Event]:
    answer = await balances(fakes, query)
    assert answer.status_code == 200, answer.text
    return events_of(answer.text)


def payloads_of(told: Iterable[Event]) -> list[Any]:
    return [event.data for event in told if event.name == "balance"]


def net_worth(payloads: Iterable[Any]) -> Decimal:
    """The totals, each key once."""
    by_key = {total["key"]: Decimal(total["balanceUSD"]) for each in payloads for total in each["totals"]}
    return add([*by_key.values()])
