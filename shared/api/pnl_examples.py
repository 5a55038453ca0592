"""Profit and loss as the OpenAPI document shows it.

Two ether bought for 2,000 and a fee of 10; one sold for 1,500; the other one is worth 3,000.
"""

from __future__ import annotations

from ..web.messages import Json
from .examples import ETH, PRICE, WALLET

_TOTALS: Json = {
    "realised_usd": "495",
    "realised_short_usd": "495",
    "realised_long_usd": "0",
    "realised_low_usd": "495",
    "realised_high_usd": "495",
    "unrealised_usd": "1995",
    "income_usd": "0",
    "fees_usd": "10",
    "invested_usd": "2010",
    "deposited_usd": "0",
    "withdrawn_usd": "0",
    "carried_usd": "0",
    "opening_cost_usd": "0",
    "proceeds_usd": "1500",
    "cost_basis_usd": "1005",
    "market_value_usd": "3000",
    "return_pct": "123.880597",
    "partial": [],
}
_ASSET: Json = {
    "asset_id": ETH,
    "symbol": "ETH",
    "quantity": "1",
    "cost_basis_usd": "1005",
    "average_cost_usd": "1005",
    "price_usd": "3000",
    "market_value_usd": "3000",
    "realised_usd": "495",
    "realised_low_usd": "495",
    "realised_high_usd": "495",
    "unrealised_usd": "1995",
    "income_usd": "0",
    "fees_usd": "10",
    "invested_usd": "2010",
    "proceeds_usd": "1500",
    "deposited_usd": "0",
    "withdrawn_usd": "0",
    "carried_usd": "0",
    "opening_cost_usd": "0",
    "missing_basis_quantity": "0",
    "price": PRICE,
    "flags": [],
}
PNL: Json = {
    "method": "fifo",
    "scope": "universal",
    "fees": "standard",
    "missing_basis": "zero",
    "time_zone": "UTC",
    "from": None,
    "to": None,
    "as_of": "2026-11-21T12:00:01Z",
    "complete": True,
    "totals": _TOTALS,
    "assets": [_ASSET],
    "reconciliation": [
        {
            "wallet": WALLET,
            "asset_id": ETH,
            "ledger_quantity": "1",
            "chain_quantity": "1",
            "block_number": 23800000,
            "block_time": "2026-11-21T11:59:59Z",
            "explained": "0",
            "explanation": None,
            "unexplained": "0",
            "reason": None,
        }
    ],
    "errors": [],
}
