"""Chains, tokens and a table of coins that the price tests share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.core.chains import Chain, Chains, NativeCoin, PriceNames
from shared.core.ids import Address, ChainId, parse_address
from shared.core.tokens import Token, erc20, native_token
from tests.core.chain_samples import make_chain
from tests.devnet.price_apis import Coin

NOW = datetime(2026, 9, 1, 10, tzinfo=UTC)
KEY = "secret-key-0123456789"


def priced_chain(chain_id: int, slug: str, names: PriceNames, **facts: Any) -> Chain:
    named = {"chain_id": ChainId(chain_id), "slug": slug, "name": slug.title(), "price_names": names}
    return make_chain(**{**named, "block_time_seconds": None, **facts})


WETH = parse_address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
ETHEREUM = priced_chain(
    1, "ethereum", PriceNames("ethereum", "ethereum", "ethereum", "Ethereum"), wrapped_native=WETH
)
BASE = priced_chain(8453, "base", PriceNames("base", "base", "ethereum", "Base"))
POLYGON = priced_chain(
    137,
    "polygon",
    PriceNames("polygon", "polygon-pos", "polygon-ecosystem-token", "Polygon"),
    native=NativeCoin("POL", "Polygon Ecosystem Token", 18, 966),
)
SEPOLIA = priced_chain(11155111, "sepolia", PriceNames(None, None, None, None), testnet=True)
CHAINS = Chains([ETHEREUM, BASE, POLYGON, SEPOLIA])


def token(chain: Chain, address: str, symbol: str) -> Token:
    return erc20(chain.chain_id, parse_address(address.lower()), symbol, symbol, 18, listed=True)


def address(number: int) -> Address:
    return parse_address(f"0x{number:040x}")


ETH = native_token(ETHEREUM)
BASE_ETH = native_token(BASE)
POL = native_token(POLYGON)
WRAPPED = token(ETHEREUM, WETH, "WETH")
USDC = token(ETHEREUM, "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC")
BASE_USDC = token(BASE, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USDC")
TSLAX = token(ETHEREUM, "0x8ad3c73f833d3f9a523ab01476625f269aeb7cf0", "TSLAx")
NOBODYS = token(ETHEREUM, address(0xDEAD), "NOPE")
TEST_ETH = native_token(SEPOLIA)

COINS = (
    Coin("ETH", "Ethereum", "3000.25", coingecko_id="ethereum", cmc_id=1027),
    Coin("ETH", "Ethereum Clone", "0.00001", cmc_id=9999),
    Coin("POL", "Polygon", "0.5", coingecko_id="polygon-ecosystem-token"),
    Coin("USDC", "USDC", "0.9998", {1: USDC.address or "", 8453: BASE_USDC.address or ""}, cmc_id=3408),
    Coin("USDC", "Fake USDC", "77", {137: address(77)}, cmc_id=8888),
    Coin("TSLAx", "Tesla xStock", "350.125", {1: TSLAX.address or ""}, xstock=True),
)
