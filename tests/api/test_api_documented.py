"""What the OpenAPI document says of parameters and fields is what is enforced: no more, and no less."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.api import balances_routes, history, pnl, portfolio_routes, refresh, trades_routes, wallets
from shared.api.app import build_app
from shared.api.verification import DISCOVER_PATH
from shared.config import Settings, StreamSettings
from shared.core.chains import Chains
from shared.core.ids import ChainId
from shared.facts import load_chains
from shared.web.app import App
from shared.web.messages import Json
from shared.wiring import Context
from tests.api.asking_trades import BUY, TRADES, TX, WALLETS, Caller
from tests.api.probes import OF_MEANING, WALLET, allows, as_typed, probes_of, values_of
from tests.fakes import Fakes

ROUTES = (
    *balances_routes.ROUTES,
    *portfolio_routes.ROUTES,
    *pnl.ROUTES,
    *history.ROUTES,
    *trades_routes.ROUTES,
    *wallets.ROUTES,
)


def app() -> App[Context]:
    known = load_chains()
    # Streams soon end themselves.
    brief = Settings(log_level="ERROR", streams=StreamSettings(longest_seconds=0.01))
    fakes = Fakes(settings=brief, chains=Chains([known[ChainId(1)], known[ChainId(8453)]]))
    return build_app("local", ROUTES, fakes.settings, fakes.context, clock=fakes.clock.seconds)


DOCUMENT: Json = asyncio.run(Caller(app(), None)("GET", "/openapi.json")).json()


def parameters() -> Iterator[Any]:
    """Each with the operation that it belongs to."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] != "path":
                    yield pytest.param(method, path, parameter, id=f"{method} {path} {parameter['name']}")


async def ask(caller: Caller, method: str, path: str, parameter: Json, text: str) -> httpx.Response:
    """A good request but for this parameter."""
    options: dict[str, Any] = {"params": {}, "headers": {}}
    options["params" if parameter["in"] == "query" else "headers"][parameter["name"]] = text
    body = DOCUMENT["paths"][path][method].get("requestBody")
    if body is not None:
        ((media_type, content),) = body["content"].items()
        options["headers"]["Content-Type"] = media_type
        options["json" if "json" in media_type else "content"] = content["example"]
    if "{id}" in path:
        path = path.replace("{id}", (await caller.record())["id"])
    return await caller(method.upper(), path, **options)


@pytest.mark.parametrize(("method", "path", "parameter"), list(parameters()))
async def test_a_parameter_is_refused_just_when_its_schema_says_so(
    method: str, path: str, parameter: Json
) -> None:
    caller, schema = Caller(app(), None), parameter["schema"]
    wrong = []
    for text in probes_of(schema):
        if parameter["in"] == "header" and not text.isascii():
            continue
        answer = await ask(caller, method, path, parameter, text)
        told = faults(answer, parameter["name"])
        of_meaning = any(OF_MEANING.search(message) for message in told)
        if allows(schema, as_typed(text, schema)) == bool(told) and not of_meaning:
            wrong.append((text[:80], len(text), answer.status_code, told))

    assert wrong == []


def choices() -> list[Any]:
    """The parameters that take one of some words."""
    found = (each.values for each in parameters())
    return [
        pytest.param(method, path, parameter, words, id=f"{method} {path} {parameter['name']}")
        for method, path, parameter in found
        if (words := parameter["schema"].get("enum") or parameter["schema"].get("items", {}).get("enum"))
    ]


@pytest.mark.parametrize(("method", "path", "parameter", "words"), choices())
async def test_a_word_that_is_not_known_is_answered_with_those_that_are(
    method: str, path: str, parameter: Json, words: list[str]
) -> None:
    answer = await ask(Caller(app(), None), method, path, parameter, "nonsense")

    (message,) = faults(answer, parameter["name"])
    assert all(word in message for word in words)


@pytest.mark.parametrize("field", ["side", "amount_type", "status"])
async def test_so_is_one_in_a_body(field: str) -> None:
    answer = await Caller(app(), None)("POST", TRADES, json={**BUYS, field: "nonsense"})

    (message,) = faults(answer, field)
    words = DOCUMENT["components"]["schemas"]["NewTradeBody"]["properties"][field]["enum"]
    assert all(f"'{word}'" in message for word in words)


@pytest.mark.parametrize("path", [pnl.PATH, history.PATH, TRADES])
async def test_everything_that_is_wrong_is_named_at_once_with_how_it_should_be(path: str) -> None:
    answer = await Caller(app(), None)("GET", f"{path}?from=yesterday&to=2026-02-30&colour=red")

    told = {fault["field"]: fault["message"] for fault in answer.json()["errors"]}
    assert answer.status_code == 400
    assert told.keys() == {"from", "to", "colour"}
    assert "2026-11-21T12:00:00Z" in told["from"]
    assert "2026-11-21T12:00:00Z" in told["to"]


BUYS: Json = {"side": "buy", "asset": BUY["asset"], "amount": "2"}
COMES: Json = {"side": "transfer_in", "asset": BUY["asset"], "amount": "2"}
# A body that is good whatever its field has, and that says nothing else which could contradict it.
BODIES: dict[str, tuple[str, str, Json]] = {
    "NewTradeBody": ("POST", TRADES, BUYS),
    "TradeChangesBody": ("PATCH", f"{TRADES}/{{id}}", {}),
    "NewWalletBody": ("POST", WALLETS, {"address": WALLET}),
    "RefreshRequest": ("POST", refresh.PATH, {}),
    "DiscoverRequest": ("POST", DISCOVER_PATH, {"chain": "ethereum", "tx_hash": TX}),
}
BESIDE: dict[str, Json] = {
    "amount": {"side": "buy", "asset": BUY["asset"]},
    "amount_type": {**BUYS, "price_usd": "1"},
    "basis_usd": COMES,
    "acquired_at": COMES,
    "fee_asset": {**BUYS, "fee_amount": "1"},
    "fee_amount": {**BUYS, "fee_asset": "BNB"},
    "lots": {**BUYS, "side": "sell"},
    "asset": {**BUYS, "symbol": "X"},
    "wallet": BUYS,
}


def fields() -> Iterator[Any]:
    """Each of the bodies of requests."""
    for name in BODIES:
        for field, schema in DOCUMENT["components"]["schemas"][name]["properties"].items():
            yield pytest.param(name, field, schema, id=f"{name} {field}")


@pytest.mark.parametrize(("name", "field", "schema"), list(fields()))
async def test_a_field_is_refused_just_when_its_schema_says_so(name: str, field: str, schema: Json) -> None:
    method, path, body = BODIES[name]
    if name == "NewTradeBody":
        body = BESIDE.get(field, body)
    elif field in ("fee_asset", "fee_amount"):
        body = {"fee_asset": "BNB", "fee_amount": "1"}
    wrong = []
    for value in values_of(schema):
        caller = Caller(app(), None)
        target = path.replace("{id}", (await caller.record(price_usd=None))["id"]) if "{id}" in path else path
        told = faults(await caller(method, target, json={**body, field: value}), field)
        of_meaning = any(OF_MEANING.search(message) for message in told)
        if allows(schema, value, DOCUMENT["components"]) == bool(told) and not of_meaning:
            wrong.append((str(value)[:80], len(str(value)), told))

    assert wrong == []


def faults(answer: httpx.Response, field: str) -> list[str]:
    """What is said against a parameter or field."""
    if answer.status_code != 400:
        assert answer.status_code in (200, 201, 204, 304, 404, 409, 412), answer.text
        return []
    return [
        fault["message"]
        for fault in answer.json()["errors"]
        if fault["field"] == field or fault["field"].startswith((f"{field}[", f"{field}."))
    ]
