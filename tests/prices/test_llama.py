"""DefiLlama: keys, batches and what it may send."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.core.quotes import Quote, choose
from shared.prices.http import JsonHttp
from shared.prices.llama import Llama
from shared.prices.source import SourceFailed
from tests.devnet.price_server import Fault, PriceServer
from tests.prices.samples import (
    BASE_ETH,
    BASE_USDC,
    CHAINS,
    ETH,
    ETHEREUM,
    NOBODYS,
    NOW,
    TEST_ETH,
    USDC,
    address,
    token,
)

ROUTE = "llama/current"


@pytest.fixture
def llama(server: PriceServer, http: JsonHttp) -> Llama:
    return Llama(http, f"{server.url}/llama", CHAINS)


async def test_natives_and_contracts_of_all_chains_are_one_request(server: PriceServer, llama: Llama) -> None:
    quotes = await llama.fetch([ETH, BASE_ETH, USDC, BASE_USDC, NOBODYS])

    as_of, sure = NOW - timedelta(seconds=30), Decimal("0.99")
    assert quotes == {
        ETH.asset_id: Quote(ETH.asset_id, "llama", Decimal("3000.25"), as_of, sure),
        BASE_ETH.asset_id: Quote(BASE_ETH.asset_id, "llama", Decimal("3000.25"), as_of, sure),
        USDC.asset_id: Quote(USDC.asset_id, "llama", Decimal("0.9998"), as_of, sure),
        BASE_USDC.asset_id: Quote(BASE_USDC.asset_id, "llama", Decimal("0.9998"), as_of, sure),
    }
    assert [request.path.count(",") for request in server.requests] == [3]


async def test_many_contracts_are_split_into_short_urls(server: PriceServer, llama: Llama) -> None:
    await llama.fetch([token(ETHEREUM, address(number), "T") for number in range(1, 201)])

    assert len(server.requests) == 3
    assert all(len(request.path) < 4_096 for request in server.requests)
    assert sum(request.path.count("0x") for request in server.requests) == 200


async def test_keys_that_come_back_in_another_case_are_still_found(server: PriceServer, llama: Llama) -> None:
    key = f"ethereum:{USDC.address}".upper()
    coin = {"price": 1, "timestamp": int(NOW.timestamp()), "confidence": 1}
    server.faults[ROUTE] = Fault(body=json.dumps({"coins": {key: coin}}).encode())

    assert set(await llama.fetch([USDC])) == {USDC.asset_id}


@pytest.mark.parametrize(
    "coin",
    [
        "{}",
        "null",
        "[]",
        '{"price": "3000", "timestamp": 1788256800}',
        '{"price": 0, "timestamp": 1788256800}',
        '{"price": -5, "timestamp": 1788256800}',
        '{"price": NaN, "timestamp": 1788256800}',
        '{"price": 1e9999, "timestamp": 1788256800}',
        '{"price": 3000}',
        '{"price": 3000, "timestamp": "now"}',
    ],
)
async def test_a_malformed_coin_is_left_out(server: PriceServer, llama: Llama, coin: str) -> None:
    server.faults[ROUTE] = Fault(body=b'{"coins": {"coingecko:ethereum": %s}}' % coin.encode())

    assert await llama.fetch([ETH]) == {}


@pytest.mark.parametrize(
    "confidence",
    ["7", "-1", '"0.99"', "null", "true", "[]", "NaN", "1e-999999999", "0e-999999999999", "0e999999999999"],
)
async def test_a_quote_without_a_proper_confidence_is_shown_but_not_counted(
    server: PriceServer, llama: Llama, confidence: str
) -> None:
    coin = b'{"price": 3000, "timestamp": 1788256800, "confidence": %s}' % confidence.encode()
    server.faults[ROUTE] = Fault(body=b'{"coins": {"coingecko:ethereum": %s}}' % coin)

    quote = (await llama.fetch([ETH]))[ETH.asset_id]

    assert quote.confidence is None
    assert choose(ETH.asset_id, [quote], NOW).reason_code == "low_confidence"


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"coins": []}', b'{"message": "down"}'])
async def test_an_answer_of_another_shape_is_a_failure(
    server: PriceServer, llama: Llama, body: bytes
) -> None:
    server.faults[ROUTE] = Fault(body=body)

    with pytest.raises(SourceFailed, match="no coins"):
        await llama.fetch([ETH])


async def test_a_failing_batch_does_not_cost_the_others(server: PriceServer, llama: Llama) -> None:
    server.faults[ROUTE] = Fault(404, times=1)
    many = [token(ETHEREUM, address(number), "T") for number in range(1, 90)]

    with pytest.raises(SourceFailed) as raised:
        await llama.fetch([*many, USDC])

    assert set(raised.value.quotes) == {USDC.asset_id}


def test_it_covers_what_it_has_a_name_for(llama: Llama) -> None:
    assert llama.covers(ETH)
    assert llama.covers(NOBODYS)
    assert not llama.covers(TEST_ETH)
