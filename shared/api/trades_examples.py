"""Trades as the OpenAPI document shows them."""

from __future__ import annotations

from ..web.messages import Json

_USDC = "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
_WALLET = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"

NEW_TRADE: Json = {
    "side": "buy",
    "asset": _USDC,
    "amount": "12.5",
    "price_usd": "0.9998",
    "fee_usd": "0.42",
    "wallet": _WALLET,
    "executed_at": "2026-11-21T12:00:00Z",
    "notes": "for the rent",
}
TRADE: Json = {
    "id": "06441e5fb6f8005f3a8e6d1c2b7a90",
    "user_id": "local",
    "side": "buy",
    "asset": _USDC,
    "symbol": "USDC",
    "amount": "12.5",
    "amount_type": "token",
    "price_usd": "0.9998",
    "total_usd": "12.4975",
    "fee_usd": "0.42",
    "tx_hash": None,
    "chain": "ethereum",
    "wallet": _WALLET,
    "status": "confirmed",
    "executed_at": "2026-11-21T12:00:00Z",
    "created_at": "2026-11-21T12:00:05.123456Z",
    "source": "api",
    "notes": "for the rent",
    "fee_asset": None,
    "fee_amount": None,
    "link": None,
    "lots": [],
    "basis_usd": None,
    "acquired_at": None,
}
CSV = (
    "executed_at,side,asset,symbol,amount,price_usd,notes\r\n"
    "2026-11-21T12:00:00Z,buy,ETH,ETH,0.5,2800,for the rent\r\n"
)
REPORT: Json = {
    "imported": 1,
    "skipped": 1,
    "errors": [{"row": 2, "line": 3, "field": "amount", "message": "'1,5' is not a decimal number"}],
}
