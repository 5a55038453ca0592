"""Trades as the OpenAPI document shows them."""

from __future__ import annotations

from ..web.messages import Json
from .examples import TRADE_ID, USDC, WALLET

NEW_TRADE: Json = {
    "side": "buy",
    "asset": USDC,
    "amount": "12.5",
    "price_usd": "0.9998",
    "fee_usd": "0.42",
    "wallet": WALLET,
    "executed_at": "2026-11-21T12:00:00Z",
    "notes": "for the rent",
}
TRADE: Json = {
    "id": TRADE_ID,
    "user_id": "local",
    "side": "buy",
    "asset": USDC,
    "symbol": "USDC",
    "amount": "12.5",
    "amount_type": "token",
    "price_usd": "0.9998",
    "total_usd": "12.4975",
    "fee_usd": "0.42",
    "tx_hash": None,
    "chain": "ethereum",
    "wallet": WALLET,
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
    "on_chain": None,
}
CSV = (
    "executed_at,side,asset,symbol,amount,price_usd,notes\r\n"
    "2026-11-21T12:00:00Z,buy,ETH,ETH,0.5,2800,for the rent\r\n"
)
REPORT: Json = {
    "imported": 1,
    "skipped": 2,
    "errors": [
        {"row": 2, "line": 3, "field": "amount", "message": "'1,5' is not a decimal number"},
        {"row": 3, "line": 4, "field": "row", "message": f"trade {TRADE_ID} is the same in every field"},
    ],
    "duplicates": [{"row": 3, "trade_id": TRADE_ID}],
}
