"""The book over all sources, as the services use it, against a local server in the shapes of all four."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest

from shared.core.failures import Failure
from shared.prices.backed import Backed
from shared.prices.book import PriceBook
from shared.prices.coingecko import CoinGecko
from shared.prices.coinmarketcap import CoinMarketCap
from shared.prices.http import JsonHttp
from shared.prices.llama import Llama
from shared.prices.opening import open_prices
from shared.prices.source import PriceSource
from tests.devnet.price_apis import Coin
from tests.devnet.price_server import Fault, PriceServer
from tests.prices.samples import (
    BASE,
    CHAINS,
    ETH,
    KEY,
    NOBODYS,
    NOW,
    POL,
    TEST_ETH,
    TSLAX,
    USDC,
    WRAPPED,
    token,
)

WITHIN = 5.0


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def book(server: PriceServer, http: JsonHttp, clock: Clock) -> AsyncIterator[PriceBook]:
    backed = Backed(http, f"{server.url}/backed", CHAINS, clock=clock)
    sources: list[PriceSource] = [
        backed,
        CoinMarketCap(http, f"{server.url}/cmc", KEY, CHAINS, clock=clock),
        CoinGecko(http, f"{server.url}/coingecko", None, CHAINS),
        Llama(http, f"{server.url}/llama", CHAINS),
    ]
    made = PriceBook(sources, chains=CHAINS, ttl=60, clock=clock, now=lambda: NOW)
    yield made
    await made.close()
    await backed.close()


async def test_every_token_has_a_price_or_a_reason(book: PriceBook) -> None:
    answer = await book.prices([ETH, USDC, TSLAX, NOBODYS, TEST_ETH], within=WITHIN)

    assert {asset_id: (p.price_usd, p.source, p.reason_code) for asset_id, p in answer.prices.items()} == {
        ETH.asset_id: (Decimal("3000.25"), "llama", None),
        USDC.asset_id: (Decimal("0.9998"), "llama", None),
        TSLAX.asset_id: (Decimal("350.125"), "backed", None),
        NOBODYS.asset_id: (None, None, "unknown"),
        TEST_ETH.asset_id: (None, None, "testnet"),
    }
    assert answer.failures == ()


async def test_all_sources_are_asked_in_few_requests_and_heard(server: PriceServer, book: PriceBook) -> None:
    answer = await book.prices([ETH, USDC, POL], within=WITHIN)

    assert [q.source for q in answer.prices[ETH.asset_id].quotes] == ["coinmarketcap", "coingecko", "llama"]
    assert server.counts == {"cmc/map": 1, "cmc/v2": 1, "coingecko/price": 1, "llama/current": 1}


async def test_a_second_ask_within_the_ttl_makes_no_request(server: PriceServer, book: PriceBook) -> None:
    first = await book.prices([ETH, TSLAX, NOBODYS], within=WITHIN)
    asked = len(server.requests)

    assert await book.prices([ETH, TSLAX, NOBODYS], within=WITHIN) == first
    assert len(server.requests) == asked


async def test_two_asks_at_once_cause_one_request_to_each_source(
    server: PriceServer, book: PriceBook
) -> None:
    await asyncio.gather(*(book.prices([ETH], within=WITHIN) for _ in range(5)))

    assert server.counts == {"cmc/map": 1, "cmc/v2": 1, "coingecko/price": 1, "llama/current": 1}


async def test_an_expired_price_is_given_at_once_and_is_stale(book: PriceBook, clock: Clock) -> None:
    await book.prices([ETH], within=WITHIN)
    clock.seconds = 61
    price = (await book.prices([ETH], within=WITHIN)).prices[ETH.asset_id]

    assert (price.price_usd, price.stale) == (Decimal("3000.25"), True)


async def test_an_expired_price_is_waited_for_by_those_who_want_it_fresh(
    book: PriceBook, clock: Clock
) -> None:
    await book.prices([ETH], within=WITHIN)
    clock.seconds = 61
    price = (await book.prices([ETH], within=WITHIN, fresh=True)).prices[ETH.asset_id]

    assert (price.price_usd, price.stale) == (Decimal("3000.25"), False)


FAULTS = {
    "500": Fault(500),
    "429": Fault(429),
    "hang": Fault(hang=True),
    "garbage": Fault(body=b"<html>"),
    "oversized": Fault(body=b" " * 200_000),
    "cut": Fault(cut=True),
    "not what was asked": Fault(body=b"[]", status=404),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(
    ("route", "source"),
    [
        ("cmc/map", "coinmarketcap"),
        ("cmc/v2", "coinmarketcap"),
        ("coingecko/price", "coingecko"),
        ("llama/current", "llama"),
    ],
)
async def test_a_source_that_fails_costs_only_its_own_quotes(
    server: PriceServer, book: PriceBook, route: str, source: str, fault: Fault
) -> None:
    server.faults[route] = fault
    if route == "cmc/v2":
        server.faults["cmc/v3"] = fault

    answer = await book.prices([ETH], within=WITHIN)

    assert answer.prices[ETH.asset_id].price_usd == Decimal("3000.25")
    assert source not in {quote.source for quote in answer.prices[ETH.asset_id].quotes}
    (failure,) = answer.failures
    assert (failure.scope, failure.chain, failure.code) == ("price", None, "price_unavailable")
    assert failure.message.startswith(f"{source}: ")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("route", ["backed/assets", "backed/price"])
async def test_an_xstock_is_unpriced_when_its_issuer_fails(
    server: PriceServer, book: PriceBook, route: str, fault: Fault
) -> None:
    server.coins = [replace(coin, confidence="0.2") for coin in server.coins]
    server.faults[route] = fault

    answer = await book.prices([TSLAX], within=WITHIN)

    assert answer.prices[TSLAX.asset_id].price_usd is None
    assert [failure.message.partition(":")[0] for failure in answer.failures] == ["backed"]


async def test_a_down_source_that_was_not_needed_is_no_failure(server: PriceServer, book: PriceBook) -> None:
    server.faults["backed/assets"] = server.faults["backed/price"] = Fault(500)

    assert (await book.prices([ETH, USDC], within=WITHIN)).failures == ()


async def test_with_all_sources_down_everything_is_unpriced_and_told(
    server: PriceServer, book: PriceBook
) -> None:
    await server.close()

    answer = await book.prices([ETH, TSLAX], within=WITHIN)

    assert {p.price_usd for p in answer.prices.values()} == {None}
    assert {p.reason_code for p in answer.prices.values()} == {"price_unavailable"}
    assert [f.message.partition(":")[0] for f in answer.failures] == [
        "backed",
        "coinmarketcap",
        "coingecko",
        "llama",
    ]


async def test_a_resting_source_is_still_a_failure(server: PriceServer, book: PriceBook) -> None:
    server.faults["llama/current"] = Fault(403)
    await book.prices([ETH], within=WITHIN)
    asked = server.counts["llama/current"]

    answer = await book.prices([ETH], within=WITHIN)

    assert answer.failures == (Failure("price", None, "price_unavailable", "llama: it answered HTTP 403"),)
    assert server.counts["llama/current"] == asked


async def test_the_whole_call_is_bounded(server: PriceServer, book: PriceBook) -> None:
    for route in ("cmc/map", "coingecko/price", "llama/current"):
        server.faults[route] = Fault(hang=True)

    answer = await book.prices([ETH], within=0.05)

    assert {failure.message.partition(": ")[2] for failure in answer.failures} == {"no answer within 0.05 s"}


async def test_a_wrapped_coin_that_nobody_prices_follows_its_native(book: PriceBook) -> None:
    price = (await book.prices([WRAPPED], within=WITHIN)).prices

    assert set(price) == {WRAPPED.asset_id}
    wrapped = price[WRAPPED.asset_id]
    assert (wrapped.price_usd, wrapped.source) == (Decimal("3000.25"), "llama")
    assert wrapped.reason == "follows_native: one WETH is redeemed for one ETH"
    assert {quote.asset_id for quote in wrapped.quotes} == {ETH.asset_id}


async def test_a_wrapped_coin_with_a_price_of_its_own_keeps_it(server: PriceServer, book: PriceBook) -> None:
    server.coins.append(Coin("WETH", "WETH", "2999", {1: WRAPPED.address or ""}))

    price = (await book.prices([WRAPPED], within=WITHIN)).prices[WRAPPED.asset_id]

    assert (price.price_usd, price.reason) == (Decimal(2999), None)


async def test_a_wrapped_coin_of_an_unpriced_native_stays_unpriced(
    server: PriceServer, book: PriceBook
) -> None:
    server.coins = []

    price = (await book.prices([WRAPPED], within=WITHIN)).prices[WRAPPED.asset_id]

    assert (price.price_usd, price.reason_code) == (None, "unknown")


async def test_the_address_of_a_wrapped_coin_means_nothing_on_another_chain(book: PriceBook) -> None:
    stranger = token(BASE, WRAPPED.address or "", "WETH")

    assert (await book.prices([stranger], within=WITHIN)).prices[stranger.asset_id].price_usd is None


async def test_a_price_from_a_thin_pool_is_shown_but_does_not_count(
    server: PriceServer, book: PriceBook
) -> None:
    server.coins.append(Coin("NOPE", "Airdrop", "1000000", {1: NOBODYS.address or ""}, confidence="0.31"))

    price = (await book.prices([NOBODYS], within=WITHIN)).prices[NOBODYS.asset_id]

    assert price.price_usd is None
    assert price.reason == "low_confidence: llama states a confidence of 0.31, below 0.5"
    assert [quote.price_usd for quote in price.quotes] == [Decimal(1_000_000)]


async def test_a_halted_xstock_is_not_counted_and_a_closed_one_is(
    server: PriceServer, book: PriceBook, clock: Clock
) -> None:
    tesla = Coin("TSLAx", "Tesla xStock", "350", {1: TSLAX.address or ""}, confidence="0.1", xstock=True)
    server.coins = [replace(tesla, halted=True)]
    halted = (await book.prices([TSLAX], within=WITHIN)).prices[TSLAX.asset_id]
    server.coins = [replace(tesla, market="closed")]
    clock.seconds = 1_000
    closed = (await book.prices([TSLAX], within=WITHIN)).prices[TSLAX.asset_id]

    assert (halted.price_usd, halted.reason_code, halted.market) == (None, "market_halted", "halted")
    assert (closed.price_usd, closed.market, closed.stale) == (Decimal(350), "closed", False)


async def test_opened_from_the_settings_coinmarketcap_needs_a_key_and_the_rest_none(
    server: PriceServer,
) -> None:
    for key, sources in ((None, {"coingecko", "llama"}), (KEY, {"coinmarketcap", "coingecko", "llama"})):
        server.coins = [replace(coin, age_seconds=-300_000_000) for coin in server.coins]
        opened = open_prices(server.apis(cmc_key=key), CHAINS, ttl=60)
        answer = await opened.book.prices([ETH], within=WITHIN)
        assert {quote.source for quote in answer.prices[ETH.asset_id].quotes} == sources
        assert set(await opened.backed.tokens()) == {1}
        assert KEY not in repr(opened)
        await opened.close()


async def test_no_key_is_in_any_failure(server: PriceServer, book: PriceBook) -> None:
    for route in ("cmc/map", "coingecko/price", "llama/current"):
        server.faults[route] = Fault(
            401, b'{"status": {"error_code": 1001, "error_message": "%s"}}' % KEY.encode()
        )

    answer = await book.prices([ETH], within=WITHIN)

    assert len(answer.failures) == 3
    assert KEY not in repr(answer)
