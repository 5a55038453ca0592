"""The pnl endpoint over fakes, asked in-process; every good answer is checked on the way."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs

from shared.api.app import build_app
from shared.api.pnl import PATH, ROUTES
from shared.api.pnl_schemas import PnlBody
from shared.api.schemas import schemas_of
from shared.core.ids import Address, AssetId
from shared.core.trades import Trade
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking import ask
from tests.core.histories import trade
from tests.fakes import USDC, WALLET, Fakes, price

USER = "local"
ETH = AssetId("eip155:1/slip44:60")
OTHER = Address("0x000000000000000000000000000000000000dEaD")


def app_of(fakes: Fakes) -> App[Context]:
    return build_app("pnl", ROUTES, fakes.settings, fakes.context, base=PATH, clock=fakes.clock.seconds)


def own(trade_id: str, side: str, amount: str, asset: str = ETH, **more: Any) -> Trade:
    """A trade of the caller, in their wallet unless it says otherwise."""
    fields = {"wallet": WALLET, "symbol": "COIN", **more}
    return trade(trade_id, side, amount, asset, **fields)._replace(user_id=USER)


def fakes_of() -> Fakes:
    """An account with nothing in it; ether is 3,000 and USDC 1."""
    fakes = Fakes()
    fakes.book.known = {ETH: price(ETH, "3000"), USDC.asset_id: price(USDC.asset_id, "1")}
    return fakes


async def keep(fakes: Fakes, *trades: Trade) -> None:
    await fakes.stores.get().trades.add_trades(trades[0].user_id, trades)


async def pnl(fakes: Fakes, query: str = "") -> Any:
    """The body of a good answer, which is what the schema says and keeps the identity."""
    answer = await ask(app_of(fakes), f"{PATH}?{query}" if query else PATH)
    body = answer.json()
    assert answer.status_code == 200, body
    check_schema(body)
    check_totals(body["totals"])
    for compared in body.get("comparison", []):
        check_totals(compared["totals"])
    return body


def check_schema(body: Any) -> None:
    schemas = schemas_of(PnlBody)
    strict = {name: {**schema, "additionalProperties": False} for name, schema in schemas.items()}
    jsonschema.validate(body, {"$ref": "#/components/schemas/PnlBody", "components": {"schemas": strict}})


def check_totals(totals: Any) -> None:
    """What is partial is never shown as zero, what is null is partial, and otherwise the identity holds."""
    assert not {name for name in totals["partial"] if totals[name] in ("0", "")}
    bounds = {"realised_low_usd", "realised_high_usd", "return_pct"}
    assert {name for name, text in totals.items() if text is None} <= {*totals["partial"], *bounds}
    if totals["partial"]:
        return
    usd = {name: Decimal(text) for name, text in totals.items() if name.endswith("_usd") and text is not None}
    costs = ("opening_cost_usd", "invested_usd", "income_usd", "deposited_usd", "carried_usd")
    came = usd["proceeds_usd"] + usd["market_value_usd"] + usd["withdrawn_usd"]
    assert usd["realised_usd"] + usd["unrealised_usd"] == came - sum(usd[name] for name in costs)
    assert usd["realised_usd"] == usd["realised_short_usd"] + usd["realised_long_usd"]


BUY_AND_SELL = (
    own("buy-1", "buy", "1", total_usd="1000", fee_usd="10"),
    own("buy-2", "buy", "1", total_usd="2000", day=10),
    own("sell", "sell", "1.5", total_usd="3000", fee_usd="30", day=400),
)
