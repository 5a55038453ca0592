"""Verification and discovery as the OpenAPI document shows them."""

from __future__ import annotations

from ..web.messages import Json
from .examples import ETH, TRADE_ID, TX_HASH, USDC, WALLET

_TRANSACTION: Json = {
    "tx_hash": TX_HASH,
    "chain": "ethereum",
    "chain_id": 1,
    "state": "confirmed",
    "block_number": 23800000,
    "block_time": "2026-11-21T11:59:59Z",
    "fee": "0.00042",
    "fee_raw": "420000000000000",
}
QUESTION: Json = {"chain": "ethereum", "tx_hash": TX_HASH, "wallet": WALLET, "store": False}
_AMOUNT: Json = {
    "asset_id": USDC,
    "matches": False,
    "expected": "12.5",
    "expected_raw": "12500000",
    "found": "12.4",
    "found_raw": "12400000",
    "reason": "the transaction moved another amount",
}
VERIFICATION: Json = {
    "trade_id": TRADE_ID,
    "status": "confirmed",
    "changed": True,
    "version": 2,
    "transaction": _TRANSACTION,
    "matches": False,
    "amount": _AMOUNT,
    "time": {
        "matches": True,
        "expected": "2026-11-21T12:00:00Z",
        "found": "2026-11-21T11:59:59Z",
        "reason": None,
    },
    "complete": True,
    "errors": [],
}


def _leg(side: str, asset: str, symbol: str, amount: str, raw: str) -> Json:
    return {
        "side": side,
        "asset": asset,
        "symbol": symbol,
        "amount": amount,
        "amount_raw": raw,
        "amount_type": "token",
        "price_usd": None,
        "price_reason": "discovery does not look up the price of that time",
        "total_usd": None,
        "fee_usd": None,
        "tx_hash": TX_HASH,
        "chain": "ethereum",
        "wallet": WALLET,
        "status": "confirmed",
        "executed_at": "2026-11-21T11:59:59Z",
        "source": "discover",
        "link": f"1:{TX_HASH}",
        "listed": True,
        "spam": False,
        "spam_reasons": [],
        "kept": None,
        "trade_id": None,
    }


_LEGS = [
    _leg("sell", ETH, "ETH", "0.004", "4000000000000000"),
    _leg("buy", USDC, "USDC", "12.5", "12500000"),
    _leg("fee", ETH, "ETH", "0.00042", "420000000000000"),
]
_FOUND: Json = {
    "wallet": WALLET,
    "transaction": _TRANSACTION,
    "kind": "swap",
    "certain": True,
    "notes": [],
    "trades": _LEGS,
}
DISCOVERY: Json = {
    "chain": "ethereum",
    "chain_id": 1,
    "range": None,
    "items": [_FOUND],
    "next_cursor": None,
    "complete": True,
    "errors": [],
}
