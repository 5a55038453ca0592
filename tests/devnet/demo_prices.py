"""The demo's price server, in a thread of its own: invented prices for what the demo's wallet holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from shared.facts import load_chains

from .demo_wallet import (
    ETHEREUM,
    HOSTILE,
    HOSTILE_NAME,
    HOSTILE_SYMBOL,
    LISTED,
    POLYGON,
    PRICES,
    UNKNOWN_TO_CMC,
    XSTOCK,
    XSTOCK_NAME,
    XSTOCK_SYMBOL,
    address_of,
)
from .price_apis import Coin
from .price_server import PriceServer

# Less than what is assumed of a source that says nothing, so that CoinMarketCap's price is the chosen one.
_UNSURE = "0.85"


@contextmanager
def run_price_server(known: Sequence[Coin]) -> Iterator[PriceServer]:
    """The server of these coins, answering from a thread until the end of the block."""
    with asyncio.Runner() as runner, ThreadPoolExecutor(1) as thread:
        loop, server = runner.get_loop(), PriceServer(known)
        thread.submit(loop.run_forever)
        try:
            asyncio.run_coroutine_threadsafe(server.start(), loop).result()
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)


def coins() -> list[Coin]:
    """The table: natives, the listed tokens that have a price, and the xStocks of the catalogue."""
    return [*_natives(), *_listed(), *_xstocks()]


def _natives() -> Iterator[Coin]:
    for number, chain_id in enumerate((ETHEREUM, POLYGON), 1):
        chain = load_chains()[chain_id]
        coin = chain.native
        yield Coin(
            coin.symbol,
            coin.name,
            PRICES[coin.symbol],
            coingecko_id=chain.price_names.coingecko_native,
            cmc_id=number,
            confidence=_UNSURE,
        )


def _listed() -> Iterator[Coin]:
    """One coin a symbol, with its contract on every chain where the wallet has it."""
    contracts: dict[str, dict[int, str]] = {}
    for placed in LISTED:
        contracts.setdefault(placed.symbol, {})[placed.chain_id] = address_of(placed.token)
    for number, (symbol, where) in enumerate(contracts.items(), 100):
        if symbol in PRICES:
            known = symbol not in UNKNOWN_TO_CMC
            yield Coin(
                symbol,
                symbol,
                PRICES[symbol],
                where,
                cmc_id=number if known else None,
                confidence=_UNSURE if known else "0.99",
            )


def _xstocks() -> Iterator[Coin]:
    price = PRICES[XSTOCK_SYMBOL]
    yield Coin(XSTOCK_SYMBOL, XSTOCK_NAME, price, {ETHEREUM: XSTOCK}, xstock=True)
    yield Coin(HOSTILE_SYMBOL, HOSTILE_NAME, None, {POLYGON: HOSTILE}, xstock=True)
