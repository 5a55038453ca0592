"""A portfolio as the OpenAPI document shows it."""

from __future__ import annotations

from ..web.messages import Json
from .examples import PRICE, USDC, WALLET

_ASSET: Json = {
    "asset_id": USDC,
    "chain": "ethereum",
    "chain_id": 1,
    "address": USDC.rpartition(":")[2],
    "symbol": "USDC",
    "name": "USD Coin",
    "decimals": 6,
    "balance": "12.5",
    "balance_raw": "12500000",
    "price_usd": "0.9998",
    "value_usd": "12.4975",
    "share": "1",
    "price": PRICE,
    "quotes": [
        {
            "source": "llama",
            "price_usd": "0.9998",
            "as_of": "2026-11-21T12:00:00Z",
            "confidence": "0.99",
            "volume_usd_24h": None,
        }
    ],
    "flags": [],
    "spam": False,
    "spam_reasons": [],
    "holders": [{"address": WALLET, "balance_raw": "12500000"}],
}
_DEBT: Json = {
    "asset_id": USDC,
    "chain": "ethereum",
    "chain_id": 1,
    "wallet": WALLET,
    "protocol": "aave-v3",
    "market": "AaveV3Ethereum",
    "kind": "debt",
    "contract": "0x72E95b8931767C79bA4EeE721354d6E99a61D004",
    "symbol": "USDC",
    "decimals": 6,
    "balance": "2.5",
    "balance_raw": "2500000",
    "price_usd": "0.9998",
    "value_usd": "-2.4995",
    "price": PRICE,
    "flags": [],
    "block_number": 23800000,
    "block_time": "2026-11-21T11:59:59Z",
}
_CHAIN: Json = {
    "chain": "ethereum",
    "chain_id": 1,
    "status": "ok",
    "total_usd": "9.998",
    "block_number": 23800000,
    "block_time": "2026-11-21T11:59:59Z",
    "tokens_scanned": 1503,
    "latency_ms": 84,
}
PORTFOLIO: Json = {
    "addresses": [WALLET],
    "total_usd": "9.998",
    "as_of": "2026-11-21T12:00:01Z",
    "complete": True,
    "chains": [_CHAIN],
    "assets": [_ASSET],
    "positions": [_DEBT],
    "errors": [],
}
