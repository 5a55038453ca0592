"""An answer of `/v2/balances` as the OpenAPI document shows it."""

from __future__ import annotations

from ..web.messages import Json
from .examples import USDC, WALLET

_KEY = "1737803529"
_TOKEN: Json = {
    "type": "token",
    "key": _KEY,
    "appId": None,
    "metaType": "wallet",
    "address": USDC.rpartition(":")[2].lower(),
    "balanceUSD": 12.4975,
    "network": "ethereum",
    "contractType": "base-token",
    "breakdown": [],
    "context": {"balance": 12.5, "balanceRaw": "12500000", "symbol": "USDC", "price": 0.9998, "decimals": 6},
    "displayProps": {
        "label": "USDC",
        "secondaryLabel": {"type": "dollar", "value": 0.9998},
        "tertiaryLabel": None,
        "images": [],
        "stats": [],
        "info": [],
        "balanceDisplayMode": "default",
    },
}
_EMPTY: Json = {name: {} for name in ("claimable", "debt", "deposits", "locked", "nft", "vesting")}
PAYLOAD: Json = {
    "appId": "tokens",
    "network": "ethereum",
    "addresses": [WALLET.lower()],
    "balance": {**_EMPTY, "wallet": {_KEY: _TOKEN}},
    "totals": [{"key": _KEY, "type": "app-token", "network": "ethereum", "balanceUSD": 12.4975}],
    "errors": [],
}
_ASKED: Json = {"network": "ethereum", "appId": "tokens"}
SUMMARY: Json = {
    "addresses": [WALLET.lower()],
    "as_of": "2026-11-21T12:00:01Z",
    "complete": True,
    "total_usd": "12.4975",
    "asked": [_ASKED],
    "answered": [_ASKED],
    "failed": [],
    "price_failures": [],
    "skipped": [{"network": None, "appId": "nft", "reason": "collections are not read here"}],
    "errors": [],
}
BALANCES: Json = {"items": [PAYLOAD], "summary": SUMMARY}
END: Json = {"event": "end", "data": "end"}
