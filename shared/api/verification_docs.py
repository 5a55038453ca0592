"""What the OpenAPI document says of verification and discovery."""

from __future__ import annotations

from typing import Any

from ..web.messages import Json, Operation
from ..web.openapi import json_answer, problem_responses
from .schemas import schemas_of
from .verification_requests import DiscoverRequest
from .verification_schemas import DiscoveryBody, VerificationBody

_WALLET = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
_TX_HASH = "0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060"
_USDC = "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
_VERIFY = """
Reads the receipt of the trade's `tx_hash` on its chain. The status becomes `confirmed`, `failed` or
`pending` as the chain has it, with block and time. A transaction that no endpoint knows changes nothing: it
may not have been sent, or be older than what endpoints keep.

`amount` compares the trade's quantity with what the transaction moved for its wallet: tokens by their logs,
the native coin by the transaction's value, by wrapping, and by the wallet's balance around the block. Both
numbers are exact and in `…_raw` too; a mismatch is reported and never corrected.

Doing it again changes nothing more. When the chain cannot be asked the answer is 200 with `complete` false,
and the status is as it was.
"""
_DISCOVER = """
Proposes trades: of one transaction (`tx_hash`), or of the blocks `from_block` to `to_block` in which the
wallet's tokens moved. A swap is a `sell` and a `buy` that share a `link`; gas is a `fee` in the native
coin; of a failed transaction only that is left. Prices are null. Nothing is stored without `store`; with it
each trade is stored once, however often it is discovered, with the source `discover`.

A range is read a bounded piece at a time, in pieces of blocks that the endpoint allows. While `next_cursor`
is not null, send the same body with it as `cursor`; after a failure too, which then loses nothing. A range
finds transactions by ERC-20 transfers and by wrapping: a payment in the native coin alone leaves no log,
and is found by its `tx_hash`, as are failed transactions.
"""
_TRANSACTION: Json = {
    "tx_hash": _TX_HASH,
    "chain": "ethereum",
    "chain_id": 1,
    "state": "confirmed",
    "block_number": 23800000,
    "block_time": "2026-11-21T11:59:59Z",
    "fee": "0.00042",
    "fee_raw": "420000000000000",
}


def verify_operation() -> Operation:
    """The operation and its schemas, from the type of the body."""
    description: Json = {
        "operationId": "verifyTrade",
        "summary": "Compares a trade with its transaction.",
        "description": _VERIFY.strip(),
        "tags": ["Trades"],
        "security": [{"idToken": []}],
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "The trade.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": json_answer("What the chain says.", "VerificationBody", _verification()),
            **problem_responses(400, 401, 404, 409, 413, 429, 500, 503),
        },
    }
    return Operation(description, schemas_of(VerificationBody))


def discover_operation() -> Operation:
    """The operation and its schemas, from the types of the bodies."""
    from pydantic import TypeAdapter

    asked: Json = TypeAdapter(DiscoverRequest).json_schema(ref_template="#/components/schemas/{model}")
    body = {"schema": {"$ref": "#/components/schemas/DiscoverRequest"}, "example": _question()}
    description: Json = {
        "operationId": "discoverTrades",
        "summary": "Proposes the trades that transactions amount to.",
        "description": _DISCOVER.strip(),
        "tags": ["Trades"],
        "security": [{"idToken": []}],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": json_answer("What was found.", "DiscoveryBody", _discovery()),
            **problem_responses(400, 401, 409, 413, 415, 429, 500, 503),
        },
    }
    return Operation(description, {**schemas_of(DiscoveryBody), "DiscoverRequest": asked})


def _question() -> Json:
    return {"chain": "ethereum", "tx_hash": _TX_HASH, "wallet": _WALLET, "store": False}


def _verification() -> Json:
    amount = {
        "asset_id": _USDC,
        "matches": False,
        "expected": "12.5",
        "expected_raw": "12500000",
        "found": "12.4",
        "found_raw": "12400000",
        "reason": "the transaction moved another amount",
    }
    return {
        "trade_id": "06441e5fb6f8005f3a8e6d1c2b7a90",
        "status": "confirmed",
        "changed": True,
        "version": 2,
        "transaction": _TRANSACTION,
        "amount": amount,
        "complete": True,
        "errors": [],
    }


def _discovery() -> Json:
    legs = [
        _leg("sell", "eip155:1/slip44:60", "ETH", "0.004", "4000000000000000"),
        _leg("buy", _USDC, "USDC", "12.5", "12500000"),
        _leg("fee", "eip155:1/slip44:60", "ETH", "0.00042", "420000000000000"),
    ]
    found = {
        "wallet": _WALLET,
        "transaction": _TRANSACTION,
        "kind": "swap",
        "certain": True,
        "notes": [],
        "trades": legs,
    }
    return {
        "chain": "ethereum",
        "chain_id": 1,
        "range": None,
        "items": [found],
        "next_cursor": None,
        "complete": True,
        "errors": [],
    }


def _leg(side: str, asset: str, symbol: str, amount: str, raw: str) -> dict[str, Any]:
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
        "tx_hash": _TX_HASH,
        "chain": "ethereum",
        "wallet": _WALLET,
        "status": "confirmed",
        "executed_at": "2026-11-21T11:59:59Z",
        "source": "discover",
        "link": f"1:{_TX_HASH}",
        "listed": True,
        "spam": False,
        "spam_reasons": [],
        "kept": None,
        "trade_id": None,
    }
