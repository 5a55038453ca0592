"""Backed: the catalogue of xStocks, their prices, and the state of their market."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest

from shared.core.quotes import Quote
from shared.core.tokens import erc20
from shared.prices.backed import Backed, market_of
from shared.prices.http import JsonHttp, Reply
from shared.prices.source import SourceFailed
from tests.devnet.price_apis import Coin
from tests.devnet.price_server import Fault, PriceServer
from tests.prices.samples import BASE, CHAINS, ETH, ETHEREUM, NOW, TSLAX, USDC, address, token


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def backed(server: PriceServer, http: JsonHttp, clock: Clock) -> AsyncIterator[Backed]:
    source = Backed(http, f"{server.url}/backed", CHAINS, clock=clock)
    yield source
    await source.close()


def page(*nodes: object, more: bool = False) -> bytes:
    return json.dumps({"nodes": nodes, "page": {"currentPage": 0, "hasNextPage": more}}).encode()


async def test_a_price_is_stamped_with_the_date_of_the_answer(server: PriceServer, backed: Backed) -> None:
    earlier = NOW - timedelta(seconds=90)
    body, date = b'{"quote": 213.645}', format_datetime(earlier, usegmt=True)
    server.faults["backed/price"] = Fault(body=body, headers={"Date": date})

    assert await backed.fetch([TSLAX]) == {
        TSLAX.asset_id: Quote(TSLAX.asset_id, "backed", Decimal("213.645"), earlier, market="open")
    }


@pytest.mark.parametrize("body", [b'{"quote": null}', b"{}", b"null", b'{"quote": "5"}', b'{"quote": 0}'])
async def test_a_null_quote_is_no_price(server: PriceServer, backed: Backed, body: bytes) -> None:
    server.faults["backed/price"] = Fault(body=body)

    assert await backed.fetch([TSLAX]) == {}


async def test_a_symbol_on_several_chains_is_asked_for_once(server: PriceServer, backed: Backed) -> None:
    server.coins = [Coin("TSLAx", "Tesla", "350", {1: TSLAX.address or "", 8453: address(5)}, xstock=True)]

    quotes = await backed.fetch([TSLAX, token(BASE, address(5), "TSLAx")])

    assert [quote.price_usd for quote in quotes.values()] == [Decimal(350)] * 2
    assert server.counts["backed/price"] == 1


async def test_a_failing_symbol_does_not_cost_the_others(server: PriceServer, backed: Backed) -> None:
    server.coins.append(Coin("NVDAx", "Nvidia", "180", {1: address(6)}, xstock=True))
    server.faults["backed/price"] = Fault(400, times=1)

    with pytest.raises(SourceFailed) as raised:
        await backed.fetch([TSLAX, token(ETHEREUM, address(6), "NVDAx")])

    assert len(raised.value.quotes) == 1


async def test_a_price_without_a_known_market_is_still_a_price(server: PriceServer, backed: Backed) -> None:
    server.faults["backed/asset"] = Fault(500)

    assert (await backed.fetch([TSLAX]))[TSLAX.asset_id].market == "unknown"


@pytest.mark.parametrize(
    ("asset", "market"),
    [
        ({"isTradingHalted": True, "trading": {"currentPeriod": "market"}}, "halted"),
        ({"trading": {"isTradingHalted": True}}, "halted"),
        ({"trading": {"currentPeriod": "market"}}, "open"),
        ({"trading": {"currentPeriod": "extended"}}, "extended"),
        ({"trading": {"currentPeriod": "overnight"}}, "overnight"),
        ({"trading": {"currentPeriod": "closed"}}, "closed"),
        ({"trading": {"currentPeriod": "lunch", "openNow": True}}, "open"),
        ({"trading": {"openNow": False}}, "closed"),
        ({"trading": None, "isTradingHalted": False}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_market_is_what_the_issuer_says(asset: dict[str, object], market: str) -> None:
    assert market_of(asset) == market


async def test_the_catalogue_holds_listed_tokens_of_eighteen_decimals(backed: Backed) -> None:
    assert await backed.tokens() == {
        1: (erc20(ETHEREUM.chain_id, TSLAX.address or address(0), "TSLAx", "Tesla xStock", 18, listed=True),)
    }


async def test_all_pages_of_the_catalogue_are_read(server: PriceServer, backed: Backed) -> None:
    server.coins = [Coin(f"S{n}x", f"Stock {n}", "1", {1: address(n)}, xstock=True) for n in range(1, 951)]

    assert len((await backed.tokens())[ETHEREUM.chain_id]) == 950


async def test_an_endless_catalogue_ends(server: PriceServer, backed: Backed) -> None:
    server.faults["backed/assets"] = Fault(body=page(more=True))

    assert await backed.tokens() == {}
    assert server.counts["backed/assets"] == 40


async def test_a_failure_past_the_last_page_means_nothing(server: PriceServer, backed: Backed) -> None:
    server.coins = [Coin(f"S{n}x", f"Stock {n}", "1", {1: address(n)}, xstock=True) for n in range(1, 151)]

    assert len((await backed.tokens())[ETHEREUM.chain_id]) == 150
    assert server.counts["backed/assets"] > 2


async def test_a_list_of_one_page_takes_one_request(server: PriceServer, backed: Backed) -> None:
    await backed.tokens()

    assert server.counts["backed/assets"] == 1


async def test_rows_that_are_not_usable_are_left_out(server: PriceServer, backed: Backed) -> None:
    def asset(symbol: object, name: object, *rows: object) -> dict[str, object]:
        return {"symbol": symbol, "name": name, "deployments": list(rows)}

    def at(network: object, where: object) -> dict[str, object]:
        return {"network": network, "address": where}

    nodes = [
        asset("AAx", "A\u202e\x00 B" + "c" * 200, at("Ethereum", address(1)), at("Ethereum", None)),
        asset("AAx", "again", at("Ethereum", address(1))),
        asset("BBx", "B", at("Solana", "XsDoVfqeBukxuZHWhdvWHBhgEHjGNst4MLodqsJHzoB"), {"network": "Base"}),
        asset("CCx", "C", at("Ethereum", "0x1"), at("Base", address(2)), at(None, address(3)), None),
        asset("../x", "path", at("Ethereum", address(4))),
        asset("USDC", "no xStock", at("Ethereum", address(7))),
        asset(None, None, at("Ethereum", address(5))),
        asset("DDx", None, at("base", address(6).lower())),
        {"symbol": "EEx"},
        None,
    ]
    server.faults["backed/assets"] = Fault(body=page(*nodes))

    found = await backed.tokens()

    assert [t.symbol for t in found[ETHEREUM.chain_id]] == ["AAx"]
    assert [(t.symbol, t.name) for t in found[BASE.chain_id]] == [("CCx", "C"), ("DDx", "DDx")]
    assert found[ETHEREUM.chain_id][0].name == "A B" + "c" * 93


async def test_no_chain_is_flooded_by_the_catalogue(server: PriceServer, backed: Backed) -> None:
    rows = [{"network": "Ethereum", "address": f"0x{n:x}"} for n in range(5_001)]
    last = {"network": "Ethereum", "address": address(1)}
    node = {"symbol": "AAx", "name": "A", "deployments": [*rows, last, {**last, "network": "Base"}]}
    http = JsonHttp()
    server.faults["backed/assets"] = Fault(body=page(node))

    listing = await Backed(http, f"{server.url}/backed", CHAINS).tokens()
    await http.close()

    assert set(listing) == {BASE.chain_id}


async def test_the_catalogue_is_kept_for_a_day_and_renewed_in_the_background(
    server: PriceServer, backed: Backed, clock: Clock
) -> None:
    first = await backed.tokens()
    asked = server.counts["backed/assets"]
    clock.seconds = 86_399
    assert await backed.tokens() is first
    assert server.counts["backed/assets"] == asked

    clock.seconds = 86_400
    assert await backed.tokens() is first
    async with asyncio.timeout(5):
        await server.heard("backed/assets", asked + 1)


async def test_the_last_good_catalogue_stays_when_a_renewal_fails(
    server: PriceServer, backed: Backed, clock: Clock
) -> None:
    first = await backed.tokens()
    server.faults["backed/assets"] = Fault(404)
    clock.seconds = 90_000
    await backed.tokens()
    await backed.close()

    assert await backed.tokens() is first


async def test_without_any_catalogue_the_failure_is_told_and_not_repeated_at_once(
    server: PriceServer, backed: Backed, clock: Clock
) -> None:
    server.faults["backed/assets"] = Fault(404)
    with pytest.raises(SourceFailed, match="HTTP 404"):
        await backed.tokens()
    asked = server.counts["backed/assets"]
    with pytest.raises(SourceFailed, match="HTTP 404"):
        await backed.fetch([TSLAX])
    assert server.counts["backed/assets"] == asked

    server.faults.clear()
    clock.seconds = 61
    assert set(await backed.tokens()) == {1}


async def test_giving_up_on_the_catalogue_does_not_stop_its_reading(
    server: PriceServer, backed: Backed
) -> None:
    ask = asyncio.create_task(backed.tokens())
    async with asyncio.timeout(5):
        await server.heard("backed/assets", 1)
    ask.cancel()

    assert set(await backed.tokens()) == {1}
    assert server.counts["backed/assets"] <= 8


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null"])
async def test_a_catalogue_of_another_shape_is_a_failure(
    server: PriceServer, backed: Backed, body: bytes
) -> None:
    server.faults["backed/assets"] = Fault(body=body)

    with pytest.raises(SourceFailed, match="no assets"):
        await backed.tokens()


async def test_it_covers_xstocks_and_before_it_knows_them_what_could_be_one(backed: Backed) -> None:
    stranger = token(ETHEREUM, address(1), "AAPLx")
    assert [backed.covers(t) for t in (TSLAX, stranger, USDC, ETH)] == [True, True, False, False]

    await backed.tokens()
    assert [backed.covers(t) for t in (TSLAX, stranger, USDC, ETH)] == [True, False, False, False]


async def test_a_catalogue_that_breaks_the_reading_is_a_failure() -> None:
    class Odd(JsonHttp):
        async def get(self, *_: object, **__: object) -> Reply:
            raise KeyError("odd")

    with pytest.raises(SourceFailed, match="could not be read"):
        await Backed(Odd(), "http://prices.test", CHAINS).tokens()
