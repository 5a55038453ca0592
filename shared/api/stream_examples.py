"""A stream and a refresh as the OpenAPI document shows them."""

from __future__ import annotations

import json

from ..web.messages import Json
from .examples import USDC, WALLET

_SEQUENCE = 1_795_262_399_000_000
_HELD: Json = {
    "asset_id": USDC,
    "kind": "wallet",
    "symbol": "USDC",
    "decimals": 6,
    "balance": "12.5",
    "balance_raw": "12500000",
    "contract": None,
    "market": None,
}
FRAGMENT: Json = {
    "type": "wallet_update",
    "wallet": WALLET,
    "chain": "ethereum",
    "chain_id": 1,
    "protocol": "wallet",
    "block_number": 23800000,
    "block_time": "2026-11-21T11:59:59Z",
    "sequence": _SEQUENCE,
    "positions": [_HELD],
}
_TICK: Json = {
    "asset_id": USDC,
    "symbol": "USDC",
    "price_usd": "0.9998",
    "source": "llama",
    "as_of": "2026-11-21T12:00:00Z",
    "confidence": "0.99",
    "stale": False,
}
_SNAPSHOT: Json = {
    "type": "snapshot",
    "reason": "new",
    "chunk": 1,
    "chunks": 1,
    "as_of": "2026-11-21T12:00:00Z",
    "addresses": [WALLET],
    "chains": ["ethereum"],
    "fragments": [FRAGMENT],
    "prices": [_TICK],
    "errors": [],
    "pending": [],
}
REFRESH: Json = {"addresses": [WALLET], "chains": ["ethereum"]}
REFRESHED: Json = {
    "as_of": "2026-11-21T12:00:00Z",
    "complete": True,
    "fragments": [FRAGMENT],
    "chains": [{"chain": "ethereum", "chain_id": 1, "status": "ok", "block_number": 23800000}],
    "errors": [],
}
EVENT: Json = {
    "event": "snapshot",
    "id": "v1.660d2ac3c91c0.ffffffffffffffff.6b01d1c0.2a.0.6b.0",
    "data": json.dumps(_SNAPSHOT, separators=(",", ":")),
}
