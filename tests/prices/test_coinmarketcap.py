"""CoinMarketCap: ids through the map, prices by id, every shape and every error code."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.core.quotes import Quote
from shared.prices.coinmarketcap import CoinMarketCap
from shared.prices.http import JsonHttp
from shared.prices.source import SourceFailed
from tests.devnet.price_server import Fault, PriceServer
from tests.prices.samples import BASE_ETH, CHAINS, ETH, ETHEREUM, KEY, NOBODYS, NOW, USDC, address, token

STAMP = "2026-09-01T09:59:30.000Z"
ETHER = Quote(ETH.asset_id, "coinmarketcap", Decimal("3000.25"), NOW - timedelta(seconds=30))


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cmc(server: PriceServer, http: JsonHttp, clock: Clock) -> CoinMarketCap:
    return CoinMarketCap(http, f"{server.url}/cmc", KEY, CHAINS, clock=clock)


def answer(data: object, code: object = 0) -> bytes:
    return json.dumps({"status": {"error_code": code, "error_message": None}, "data": data}).encode()


async def test_assets_are_resolved_once_and_priced_by_id(server: PriceServer, cmc: CoinMarketCap) -> None:
    quotes = await cmc.fetch([ETH, BASE_ETH, USDC, NOBODYS])

    assert quotes[ETH.asset_id] == ETHER
    assert quotes[USDC.asset_id].price_usd == Decimal("0.9998")
    assert set(quotes) == {ETH.asset_id, BASE_ETH.asset_id, USDC.asset_id}
    mapped, priced = server.requests
    assert mapped.query["symbol"] == "ETH,USDC,NOPE"
    assert (priced.query["id"], priced.query["convert"]) == ("1027,3408", "USD")
    assert priced.query["skip_invalid"] == "true"


async def test_the_map_is_asked_again_after_a_day_and_for_the_unknown_after_an_hour(
    server: PriceServer, cmc: CoinMarketCap, clock: Clock
) -> None:
    await cmc.fetch([ETH, NOBODYS])
    await cmc.fetch([ETH, NOBODYS])
    assert server.counts == {"cmc/map": 1, "cmc/v2": 2}

    clock.seconds = 3_601
    await cmc.fetch([ETH, NOBODYS])
    assert [r.query["symbol"] for r in server.requests if r.route == "cmc/map"] == ["ETH,NOPE", "NOPE"]

    clock.seconds = 86_401
    await cmc.fetch([ETH])
    assert server.counts["cmc/map"] == 3


async def test_an_asset_without_an_id_costs_no_quote(server: PriceServer, cmc: CoinMarketCap) -> None:
    assert await cmc.fetch([NOBODYS]) == {}
    assert server.counts == {"cmc/map": 1}


async def test_the_key_travels_in_a_header_only(server: PriceServer, cmc: CoinMarketCap) -> None:
    await cmc.fetch([ETH])

    assert all(request.headers["x-cmc_pro_api_key"] == KEY for request in server.requests)
    assert not any(KEY in f"{request.path}{request.query}" for request in server.requests)
    assert KEY not in repr(cmc)


USD = {"price": 3000.25, "last_updated": STAMP}
COIN = {"id": 1027, "symbol": "ETH", "is_active": 1}


@pytest.mark.parametrize(
    "body",
    [
        answer({"1027": {**COIN, "quote": {"USD": USD}}}),
        answer({"1027": {**COIN, "quote": {"USD": USD}}}, "0"),
        answer({"1027": [{**COIN, "quote": {"USD": USD}}]}),
        answer([{**COIN, "quote": [{"id": 2781, "symbol": "USD", **USD}]}]),
        answer({"1027": {**COIN, "quote": [{"symbol": "EUR", "price": 1}, {"symbol": "USD", **USD}]}}),
        json.dumps([{**COIN, "quote": [{"symbol": "USD", **USD}]}]).encode(),
        answer({"1027": {**COIN, "last_updated": STAMP, "quote": {"USD": {"price": 3000.25}}}}),
    ],
    ids=["v2", "code as text", "list by id", "v3", "v3 with others", "v3 bare", "time on the coin"],
)
async def test_every_documented_shape_is_read(server: PriceServer, cmc: CoinMarketCap, body: bytes) -> None:
    server.faults["cmc/v2"] = Fault(body=body)

    assert await cmc.fetch([ETH]) == {ETH.asset_id: ETHER}


@pytest.mark.parametrize(
    "coin",
    [
        {**COIN, "quote": {"USD": {"price": None, "last_updated": STAMP}}},
        {**COIN, "quote": {"USD": {"price": "3000", "last_updated": STAMP}}},
        {**COIN, "quote": {"USD": {"price": 3000}}},
        {**COIN, "quote": {"EUR": USD}},
        {**COIN, "quote": None},
        {**COIN, "is_active": 0, "quote": {"USD": USD}},
        {**COIN, "id": 1, "quote": {"USD": USD}},
        None,
        "coin",
    ],
)
async def test_a_coin_without_a_usable_price_is_left_out(
    server: PriceServer, cmc: CoinMarketCap, coin: object
) -> None:
    server.faults["cmc/v2"] = Fault(body=answer({"1027": coin}))

    assert await cmc.fetch([ETH]) == {}


@pytest.mark.parametrize("status", [404, 410])
async def test_v3_takes_over_for_good_once_v2_is_gone(
    server: PriceServer, cmc: CoinMarketCap, status: int
) -> None:
    server.faults["cmc/v2"] = Fault(status, b"gone")

    assert await cmc.fetch([ETH]) == {ETH.asset_id: ETHER}
    assert await cmc.fetch([ETH]) == {ETH.asset_id: ETHER}
    assert server.counts == {"cmc/map": 1, "cmc/v2": 1, "cmc/v3": 2}


ERRORS = [
    *((401, code, 3600) for code in (1001, 1002)),
    *((402, code, 3600) for code in (1003, 1004)),
    *((403, code, 3600) for code in (1005, 1006, 1007)),
    *((429, code, 60) for code in (1008, 1011)),
    *((429, code, 3600) for code in (1009, 1010)),
    (500, 500, None),
    (400, 4001, None),
]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("status", ["as documented", 200])
@pytest.mark.parametrize(("http_status", "code", "rest"), ERRORS)
async def test_each_error_code_says_how_long_to_rest(
    server: PriceServer,
    cmc: CoinMarketCap,
    http_status: int,
    code: int,
    rest: float | None,
    status: object,
    as_text: bool,
) -> None:
    body = answer(None, str(code) if as_text else code)
    server.faults["cmc/v2"] = Fault(200 if status == 200 else http_status, body)

    with pytest.raises(SourceFailed) as raised:
        await cmc.fetch([ETH])

    assert (str(raised.value), raised.value.rest) == (f"it answered with error {code}", rest)


async def test_a_minute_limit_rests_as_long_as_it_says(server: PriceServer, cmc: CoinMarketCap) -> None:
    server.faults["cmc/v2"] = Fault(429, answer(None, 1008), {"Retry-After": "17"})

    with pytest.raises(SourceFailed) as raised:
        await cmc.fetch([ETH])

    assert raised.value.rest == 17


@pytest.mark.parametrize("code", ["\u00b2", "9" * 5_000, "", "-", 10**400, True, [1], {"a": 1}])
async def test_a_code_that_is_none_is_not_taken_for_an_error(
    server: PriceServer, cmc: CoinMarketCap, code: object
) -> None:
    server.faults["cmc/v2"] = Fault(body=answer({"1027": {**COIN, "quote": {"USD": USD}}}, code))

    assert await cmc.fetch([ETH]) == {ETH.asset_id: ETHER}


async def test_the_volume_of_a_day_is_read(server: PriceServer, cmc: CoinMarketCap) -> None:
    usd = {**USD, "volume_24h": 12.5}
    server.faults["cmc/v2"] = Fault(body=answer({"1027": {**COIN, "quote": {"USD": usd}}}))

    assert (await cmc.fetch([ETH]))[ETH.asset_id].volume_usd_24h == Decimal("12.5")


@pytest.mark.parametrize("body", [b"{}", b"null", b"3", answer(None), answer("x")])
async def test_an_answer_without_data_is_a_failure(
    server: PriceServer, cmc: CoinMarketCap, body: bytes
) -> None:
    server.faults["cmc/v2"] = Fault(body=body)

    with pytest.raises(SourceFailed, match="no data"):
        await cmc.fetch([ETH])


def bad_symbols(text: str) -> bytes:
    return json.dumps({"status": {"error_code": 400, "error_message": text}}).encode()


async def test_symbols_that_the_map_names_as_invalid_are_left_out(
    server: PriceServer, cmc: CoinMarketCap
) -> None:
    server.faults["cmc/map"] = Fault(400, bad_symbols('Invalid value for "symbol": "NOPE"'), times=1)

    assert set(await cmc.fetch([ETH, NOBODYS, USDC])) == {ETH.asset_id, USDC.asset_id}
    assert [r.query["symbol"] for r in server.requests if r.route == "cmc/map"] == [
        "ETH,NOPE,USDC",
        "ETH,USDC",
    ]


async def test_symbols_refused_without_a_name_are_asked_for_in_halves(
    server: PriceServer, cmc: CoinMarketCap
) -> None:
    server.faults["cmc/map"] = Fault(400, bad_symbols("Bad request"), times=1)

    assert set(await cmc.fetch([ETH, NOBODYS, USDC])) == {ETH.asset_id, USDC.asset_id}


async def test_a_map_that_refuses_everything_is_not_asked_for_ever(
    server: PriceServer, cmc: CoinMarketCap
) -> None:
    server.faults["cmc/map"] = Fault(400, bad_symbols("Bad request"))
    many = [token(ETHEREUM, address(n), f"S{n}") for n in range(1, 150)]

    assert await cmc.fetch(many) == {}
    assert server.counts["cmc/map"] <= 31


async def test_a_failing_map_does_not_cost_what_is_resolved(server: PriceServer, cmc: CoinMarketCap) -> None:
    await cmc.fetch([ETH])
    server.faults["cmc/map"] = Fault(429, answer(None, 1008))

    with pytest.raises(SourceFailed) as raised:
        await cmc.fetch([ETH, USDC])

    assert raised.value.quotes == {ETH.asset_id: ETHER}


async def test_quotes_come_a_hundred_ids_at_a_time(server: PriceServer, cmc: CoinMarketCap) -> None:
    rows = [
        {"id": n, "symbol": f"S{n}", "platform": {"name": "Ethereum", "token_address": address(n)}}
        for n in range(1, 151)
    ]
    server.faults["cmc/map"] = Fault(body=answer(rows))

    await cmc.fetch([token(ETHEREUM, address(n), f"S{n}") for n in range(1, 151)])

    asked = [r.query["id"].split(",") for r in server.requests if r.route == "cmc/v2"]
    assert sorted(map(len, asked)) == [50, 100]
