"""CoinGecko: natives in one request, contracts with a key, and its own kinds of errors."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.core.quotes import Quote
from shared.prices.coingecko import CoinGecko, key_header
from shared.prices.http import JsonHttp
from shared.prices.source import SourceFailed
from tests.devnet.price_server import Fault, PriceServer
from tests.prices.samples import BASE_ETH, BASE_USDC, CHAINS, ETH, KEY, NOBODYS, NOW, POL, TEST_ETH, USDC


@pytest.fixture
def coingecko(server: PriceServer, http: JsonHttp) -> CoinGecko:
    return CoinGecko(http, f"{server.url}/coingecko", None, CHAINS)


@pytest.fixture
def with_key(server: PriceServer, http: JsonHttp) -> CoinGecko:
    return CoinGecko(http, f"{server.url}/coingecko", KEY, CHAINS)


async def test_all_natives_are_one_request(server: PriceServer, coingecko: CoinGecko) -> None:
    quotes = await coingecko.fetch([ETH, BASE_ETH, POL])

    as_of = NOW - timedelta(seconds=30)
    assert quotes == {
        ETH.asset_id: Quote(ETH.asset_id, "coingecko", Decimal("3000.25"), as_of),
        BASE_ETH.asset_id: Quote(BASE_ETH.asset_id, "coingecko", Decimal("3000.25"), as_of),
        POL.asset_id: Quote(POL.asset_id, "coingecko", Decimal("0.5"), as_of),
    }
    assert [request.query["ids"] for request in server.requests] == ["ethereum,polygon-ecosystem-token"]


def test_without_a_key_only_natives_are_covered(coingecko: CoinGecko) -> None:
    assert coingecko.covers(ETH)
    assert not coingecko.covers(USDC)
    assert not coingecko.covers(TEST_ETH)


async def test_with_a_key_contracts_are_a_request_for_each_chain(
    server: PriceServer, with_key: CoinGecko
) -> None:
    assert with_key.covers(USDC)
    quotes = await with_key.fetch([USDC, NOBODYS, BASE_USDC])

    assert {asset_id: quote.price_usd for asset_id, quote in quotes.items()} == {
        USDC.asset_id: Decimal("0.9998"),
        BASE_USDC.asset_id: Decimal("0.9998"),
    }
    assert server.counts == {"coingecko/contracts": 2}


async def test_a_demo_key_goes_in_its_own_header_and_never_in_the_url(
    server: PriceServer, with_key: CoinGecko
) -> None:
    await with_key.fetch([ETH])

    (request,) = server.requests
    assert request.headers["x-cg-demo-api-key"] == KEY
    assert KEY not in f"{request.path}{request.query}"


def test_a_pro_host_takes_the_pro_header() -> None:
    assert key_header("https://pro-api.coingecko.com/api/v3") == "x-cg-pro-api-key"
    assert key_header("https://api.coingecko.com/api/v3") == "x-cg-demo-api-key"


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": 10012, "status": {"error_message": "too many"}},
        {"status": {"error_code": 10012, "error_message": "too many"}},
    ],
)
async def test_too_many_contracts_are_asked_for_in_halves(
    server: PriceServer, with_key: CoinGecko, body: object
) -> None:
    server.faults["coingecko/contracts"] = Fault(400, json.dumps(body).encode(), times=1)

    assert set(await with_key.fetch([USDC, NOBODYS])) == {USDC.asset_id}
    assert server.counts["coingecko/contracts"] == 3


async def test_a_single_contract_that_is_too_many_is_a_failure(
    server: PriceServer, with_key: CoinGecko
) -> None:
    server.faults["coingecko/contracts"] = Fault(400, b'{"error_code": 10012}')

    with pytest.raises(SourceFailed, match="HTTP 400"):
        await with_key.fetch([USDC])


@pytest.mark.parametrize("code", [10002, 10010, 10011])
async def test_a_refused_key_rests_the_source_for_long(
    server: PriceServer, with_key: CoinGecko, code: int
) -> None:
    body = {"timestamp": "", "error_code": code, "status": {"error_message": f"key {KEY}"}}
    server.faults["coingecko/price"] = Fault(400, json.dumps(body).encode())

    with pytest.raises(SourceFailed) as raised:
        await with_key.fetch([ETH])

    assert (str(raised.value), raised.value.rest) == ("it refused the key", 3600)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_fault_is_a_failure(server: PriceServer, coingecko: CoinGecko, status: int) -> None:
    server.faults["coingecko/price"] = Fault(status, b'{"error": "no"}')

    with pytest.raises(SourceFailed, match=f"HTTP {status}"):
        await coingecko.fetch([ETH])


@pytest.mark.parametrize(("volume", "expected"), [("12.5", "12.5"), ("0", "0"), ("-1", None), ("null", None)])
async def test_the_volume_of_a_day_is_read(
    server: PriceServer, coingecko: CoinGecko, volume: str, expected: str | None
) -> None:
    coin = b'{"ethereum": {"usd": 1, "last_updated_at": 1788256800, "usd_24h_vol": %s}}'
    server.faults["coingecko/price"] = Fault(body=coin % volume.encode())

    quote = (await coingecko.fetch([ETH]))[ETH.asset_id]

    assert quote.volume_usd_24h == (Decimal(expected) if expected else None)
    assert server.requests[0].query["include_24hr_vol"] == "true"


@pytest.mark.parametrize(
    "coin", [b"{}", b"null", b'{"usd": null}', b'{"usd": 1}', b'{"usd": "1", "last_updated_at": 1}']
)
async def test_a_coin_without_price_or_time_is_left_out(
    server: PriceServer, coingecko: CoinGecko, coin: bytes
) -> None:
    server.faults["coingecko/price"] = Fault(body=b'{"ethereum": %s}' % coin)

    assert await coingecko.fetch([ETH]) == {}


async def test_an_answer_of_another_shape_is_a_failure(server: PriceServer, coingecko: CoinGecko) -> None:
    server.faults["coingecko/price"] = Fault(body=b"[]")

    with pytest.raises(SourceFailed, match="not an object"):
        await coingecko.fetch([ETH])
