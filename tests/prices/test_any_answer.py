"""Whatever an API answers, its source gives quotes or fails as a source: nothing else gets out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.quotes import choose
from shared.prices.backed import Backed
from shared.prices.coingecko import CoinGecko
from shared.prices.coinmarketcap import CoinMarketCap
from shared.prices.http import JsonHttp, Reply
from shared.prices.llama import Llama
from shared.prices.reading import parse_json
from shared.prices.source import PriceSource, SourceFailed
from tests.prices.samples import CHAINS, ETH, KEY, NOW, TSLAX, USDC

SOURCES: dict[str, Callable[[JsonHttp], PriceSource]] = {
    "backed": lambda http: Backed(http, "http://prices.test", CHAINS),
    "coingecko": lambda http: CoinGecko(http, "http://prices.test", KEY, CHAINS),
    "coinmarketcap": lambda http: CoinMarketCap(http, "http://prices.test", KEY, CHAINS),
    "llama": lambda http: Llama(http, "http://prices.test", CHAINS),
}
# The words of all four, so that arbitrary values get as deep into the reading as proper ones.
WORDS = (
    *(
        "nodes",
        "page",
        "hasNextPage",
        "symbol",
        "name",
        "deployments",
        "network",
        "address",
        "quote",
        "trading",
    ),
    *("isTradingHalted", "currentPeriod", "openNow", "usd", "last_updated_at", "usd_24h_vol", "ethereum"),
    *(
        "error_code",
        "status",
        "error_message",
        "data",
        "1027",
        "id",
        "is_active",
        "platform",
        "token_address",
    ),
    *("slug", "USD", "price", "last_updated", "volume_24h", "coins", "coingecko:ethereum", "timestamp"),
    *("confidence", f"ethereum:{(USDC.address or '').lower()}", (USDC.address or "").lower()),
)
VALUES = (
    *("TSLAx", "Tesla", "Ethereum", TSLAX.address, "ETH", "ether", "USD", "2026-09-01T10:00:00Z", "market"),
    *("\u00b2", "400", "9" * 5_000, "\ud800", "9999-12-31T23:59:59-14:00", "(" * 300),
    *(1027, 1788256800, 1, 0, -1, 10**400, Decimal("0.99"), Decimal("1e-999999999"), Decimal("0e-999999999")),
)
SCALARS = st.sampled_from(VALUES) | st.none() | st.booleans() | st.integers() | st.text(max_size=10)
ANY = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(), inner, max_size=6)
    ),
    max_leaves=25,
)
STATUSES = st.sampled_from([200, 200, 200, 400, 404, 429, 500])


class Answers(JsonHttp):
    """In place of a server: `answer` says what comes next."""

    def __init__(self, answer: Callable[[], Reply]) -> None:
        super().__init__()
        self._answer = answer

    async def get(
        self, url: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """The next answer, whatever was asked."""
        return self._answer()


async def check(source: PriceSource) -> None:
    """Whatever the source gives can be chosen from and written out."""
    try:
        quotes = await source.fetch([ETH, USDC, TSLAX])
    except SourceFailed as failure:
        quotes = failure.quotes
    for asset_id, quote in quotes.items():
        assert len(str(choose(asset_id, [quote], NOW).reason)) < 300


@pytest.mark.parametrize("name", SOURCES)
@given(answers=st.data())
async def test_any_json_is_quotes_or_a_failure(name: str, answers: st.DataObject) -> None:
    await check(
        SOURCES[name](
            Answers(lambda: Reply(answers.draw(STATUSES), answers.draw(ANY), NOW, retry_after=None))
        )
    )


def proper_answers() -> dict[str, object]:
    """An answer of each API with everything in it, to be spoilt in one place."""
    stock = {"symbol": "TSLAx", "name": "Tesla", "quote": 350, "trading": {"currentPeriod": "market"}}
    where = [{"network": "Ethereum", "address": TSLAX.address}]
    usd = {"price": 3000, "last_updated": "2026-09-01T10:00:00Z", "volume_24h": 10**9}
    ether = {"id": 1027, "symbol": "ETH", "name": "Ethereum", "slug": "ethereum", "is_active": 1}
    coin = {"price": 3000, "timestamp": 1788256800, "confidence": Decimal("0.99")}
    simple = {"usd": 3000, "last_updated_at": 1788256800, "usd_24h_vol": 10**9}
    return {
        "backed": {**stock, "nodes": [{**stock, "deployments": where}], "page": {"hasNextPage": False}},
        "coingecko": {"ethereum": simple, (USDC.address or "").lower(): simple},
        "coinmarketcap": {
            "status": {"error_code": 0, "error_message": None},
            "data": [{**ether, "platform": None, "quote": {"USD": usd}}],
        },
        "llama": {"coins": {"coingecko:ethereum": coin, f"ethereum:{(USDC.address or '').lower()}": coin}},
    }


def spoilt(value: object, data: st.DataObject) -> object:
    """The value with one place in it, however deep, replaced by anything."""
    keys: list[object] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    key = data.draw(st.sampled_from([*keys, *keys, None])) if keys else None
    if key is None:
        return data.draw(st.sampled_from(VALUES) | ANY)
    copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]  # either
    copy[key] = spoilt(copy[key], data)
    return copy


@pytest.mark.parametrize("name", SOURCES)
async def test_the_answers_that_are_spoilt_below_are_proper_ones(name: str) -> None:
    answer = proper_answers()[name]

    assert await SOURCES[name](Answers(lambda: Reply(200, answer, NOW))).fetch([ETH, USDC, TSLAX])


@pytest.mark.parametrize("name", SOURCES)
@given(data=st.data())
async def test_a_proper_answer_with_anything_in_one_place_is_quotes_or_a_failure(
    name: str, data: st.DataObject
) -> None:
    answer = proper_answers()[name]

    await check(SOURCES[name](Answers(lambda: Reply(200, spoilt(answer, data), NOW))))


@given(st.binary(max_size=200) | ANY.map(lambda value: json.dumps(value, default=str).encode("utf-16")))
def test_any_bytes_are_a_value_or_a_value_error(raw: bytes) -> None:
    try:
        value = parse_json(raw)
    except ValueError:
        return
    assert json.dumps(value, default=str)
