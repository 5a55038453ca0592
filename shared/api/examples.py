"""The names that the examples of the OpenAPI document share."""

from __future__ import annotations

from ..web.messages import Json

ETH = "eip155:1/slip44:60"
USDC = "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
WALLET = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
TX_HASH = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060"
TRADE_ID = "06441e5fb6f8005f3a8e6d1c2b7a90"
PRICE: Json = {
    "source": "llama",
    "as_of": "2026-11-21T12:00:00Z",
    "confidence": "0.99",
    "stale": False,
    "market": "open",
}
