"""What the OpenAPI document says of the portfolio."""

from __future__ import annotations

from typing import Any

from ..web.messages import Json, Operation
from ..web.openapi import json_answer, problem_responses
from .portfolio import MAX_ADDRESSES, MAX_CHAINS, MAX_TOKENS
from .portfolio_schemas import PortfolioBody
from .schemas import schemas_of

_WALLET = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
_USDC = "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
_DESCRIPTION = """
All balances of a chain are read at one block. What cannot be read does not fail the request: the answer is
200 with `complete` false, and `errors` names what is missing.

Without `address` it shows the caller's saved wallets, each on the chains that it was saved with, and needs
a token.
"""


def portfolio_operation() -> Operation:
    """The operation and its schemas, from the types of the body."""
    answer = json_answer("The portfolio.", "PortfolioBody", _example())
    answer["headers"] = {
        "ETag": {"schema": {"type": "string"}, "description": "Send it back in `If-None-Match`."},
        "Cache-Control": {"schema": {"type": "string"}, "description": "How long the answer holds."},
    }
    description: Json = {
        "operationId": "getPortfolio",
        "summary": "What wallets hold, on every chain, priced.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Portfolio"],
        "security": [{}, {"idToken": []}],
        "parameters": _parameters(),
        "responses": {
            "200": answer,
            "304": {"description": "The answer is still the one that `If-None-Match` names."},
            **problem_responses(400, 401, 413, 429, 500, 503),
        },
    }
    return Operation(description, schemas_of(PortfolioBody))


def _parameters() -> list[Json]:
    flag = {"type": "boolean", "default": False}
    return [
        _list(
            "address",
            f"`0x…` or an ENS name; repeated or separated by commas, at most {MAX_ADDRESSES}.",
            MAX_ADDRESSES,
            r"^(0x[0-9a-fA-F]{40}|[^\s,.]+(\.[^\s,.]+)+)$",
            [_WALLET],
            explode=True,
        ),
        _list(
            "chains",
            "Slugs, ids or CAIP-2 ids, separated by commas; without it all enabled chains are read.",
            MAX_CHAINS,
            r"^[0-9A-Za-z:_. -]+$",
            ["ethereum"],
        ),
        _parameter(
            "min_value_usd",
            "Hides priced assets below this value. `total_usd` still counts them.",
            {"type": "string", "format": "decimal", "pattern": r"^[0-9]+(\.[0-9]+)?$", "maxLength": 100},
            "0",
        ),
        _parameter("include_spam", "Shows unlisted tokens that no source prices, with reasons.", flag),
        _list(
            "tokens",
            "Unlisted tokens to read as well: CAIP-19 ids, separated by commas.",
            MAX_TOKENS,
            "^eip155:[1-9][0-9]{0,19}/erc20:0x[0-9a-fA-F]{40}$",
            [_USDC],
        ),
        _parameter("refresh", "Reads the chains anew, past the short balance cache.", flag),
    ]


def _list(
    name: str, about: str, most: int, pattern: str, example: list[str], *, explode: bool = False
) -> Json:
    words = {"type": "string", "pattern": pattern, "maxLength": 255}
    values = {"type": "array", "minItems": 1, "maxItems": most, "items": words}
    return {**_parameter(name, about, values, example), "style": "form", "explode": explode}


def _parameter(name: str, about: str, schema: Json, example: Any = None) -> Json:
    parameter: Json = {"name": name, "in": "query", "description": about, "schema": schema}
    return parameter if example is None else {**parameter, "example": example}


def _example() -> Json:
    usdc = {
        "asset_id": _USDC,
        "chain": "ethereum",
        "chain_id": 1,
        "address": _USDC.rpartition(":")[2],
        "symbol": "USDC",
        "name": "USD Coin",
        "decimals": 6,
        "balance": "12.5",
        "balance_raw": "12500000",
        "price_usd": "0.9998",
        "value_usd": "12.4975",
        "share": "1",
        "price": {
            "source": "llama",
            "as_of": "2026-11-21T12:00:00Z",
            "confidence": "0.99",
            "stale": False,
            "market": "open",
        },
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
        "holders": [{"address": _WALLET, "balance_raw": "12500000"}],
    }
    chain = {
        "chain": "ethereum",
        "chain_id": 1,
        "status": "ok",
        "total_usd": "12.4975",
        "block_number": 23800000,
        "block_time": "2026-11-21T11:59:59Z",
        "tokens_scanned": 1312,
        "latency_ms": 84,
    }
    return {
        "addresses": [_WALLET],
        "total_usd": "12.4975",
        "as_of": "2026-11-21T12:00:01Z",
        "complete": True,
        "chains": [chain],
        "assets": [usdc],
        "positions": [],
        "errors": [],
    }
