"""What the OpenAPI document says of profit and loss."""

from __future__ import annotations

from typing import Any

from ..core.methods import METHODS
from ..services.pnl import PARTS
from ..web.messages import Json, Operation
from ..web.openapi import json_answer, problem_responses
from .pnl_read import FEE_NAMES, MOST_TOLERANCE, MOST_WINDOW_HOURS, POLICIES, SCOPES
from .pnl_schemas import PnlBody
from .schemas import schemas_of

_ETH = "eip155:1/slip44:60"
_WALLET = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
_DESCRIPTION = """
Only confirmed trades count. What is held at the end of the period is valued at today's prices (`as_of`).

Every number explains itself: `include=lots,disposals` lists what is held and which lots each disposal
consumed; where a basis is missing the gain is a range, and where a price is missing it is null with a reason.
Own transfers carry date and cost; `include=transfers` shows them. `compare=true` gives the totals of every
method in both scopes.

`reconciliation` sets what each wallet should hold by all confirmed trades against what its chain says, at one
block. A chain or price source that fails does not fail the request: `complete` is then false.
"""


def pnl_operation() -> Operation:
    """The operation and its schemas, from the types of the body."""
    answer = json_answer("Profit and loss.", "PnlBody", _example())
    answer["headers"] = {
        "ETag": {"schema": {"type": "string"}, "description": "Send it back in `If-None-Match`."},
        "Cache-Control": {"schema": {"type": "string"}, "description": "Never reused without asking."},
    }
    description: Json = {
        "operationId": "getPnl",
        "summary": "What trades gained, what is held, and whether the books agree with the chains.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Portfolio"],
        "security": [{"idToken": []}],
        "parameters": _parameters(),
        "responses": {
            "200": answer,
            "304": {"description": "The answer is still the one that `If-None-Match` names."},
            **problem_responses(400, 401, 413, 429, 500, 503),
        },
    }
    return Operation(description, schemas_of(PnlBody))


def _parameters() -> list[Json]:
    tolerance: Json = {"type": "string", "format": "decimal", "pattern": r"^0(\.[0-9]+)?$", "maxLength": 100}
    return [
        _choice("method", "Which lots a disposal takes first.", METHODS, "fifo"),
        _choice("scope", "One pool of lots for all wallets, or one for each.", SCOPES, "universal"),
        _choice("fees", "What fees do to basis and proceeds.", FEE_NAMES, "standard"),
        _choice("missing_basis", "What coins of unknown acquisition cost.", POLICIES, "zero"),
        parameter("asset", "Only this: CAIP-19, or a symbol.", {"type": "string", "maxLength": 100}, _ETH),
        *period_parameters("Trades"),
        parameter(
            "wallet",
            "Only what happened in this wallet (or ENS name); `scope` is then `wallet`. Transfers from and "
            "to other wallets count as deposits and withdrawals at cost.",
            {"type": "string", "maxLength": 255},
            _WALLET,
        ),
        {
            **parameter(
                "include",
                "What to list besides the sums, separated by commas.",
                {"type": "array", "minItems": 1, "maxItems": len(PARTS), "items": {"enum": list(PARTS)}},
                ["lots", "disposals"],
            ),
            "style": "form",
            "explode": False,
        },
        parameter(
            "compare", "Adds the totals of all methods and scopes.", {"type": "boolean", "default": False}
        ),
        parameter("reconcile", "Whether the chains are read.", {"type": "boolean", "default": True}),
        parameter(
            "time_zone",
            "Decides on which day something happened, and so when a gain is long-term.",
            {"type": "string", "default": "UTC", "maxLength": 64},
            "Europe/Berlin",
        ),
        parameter(
            "match_tolerance",
            f"For a transfer to match: the fraction, at most {MOST_TOLERANCE}, by which less may arrive.",
            tolerance,
            "0.005",
        ),
        parameter(
            "match_window_hours",
            "How much later it may arrive.",
            {"type": "integer", "minimum": 0, "maximum": MOST_WINDOW_HOURS, "default": 20},
        ),
    ]


def period_parameters(what: str) -> list[Json]:
    """`from` and `to`."""
    moment = {"type": "string", "format": "date-time"}
    return [
        parameter("from", f"{what} from this time on; RFC 3339, or a date.", moment, "2026-01-01T00:00:00Z"),
        parameter("to", f"{what} before this time.", moment, "2027-01-01T00:00:00Z"),
    ]


def parameter(name: str, about: str, schema: Json, example: Any = None) -> Json:
    """A query parameter."""
    described: Json = {"name": name, "in": "query", "description": about, "schema": schema}
    return described if example is None else {**described, "example": example}


def _choice(name: str, about: str, words: tuple[str, ...], default: str) -> Json:
    return parameter(name, about, {"type": "string", "enum": list(words), "default": default})


def _example() -> Json:
    """Two ether bought for 2,000 and a fee of 10; one sold for 1,500; the other one is worth 3,000."""
    totals = {
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
    shared = ("income_usd", "fees_usd", "invested_usd", "proceeds_usd", "deposited_usd", "withdrawn_usd")
    asset = {
        "asset_id": _ETH,
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
        **{name: totals[name] for name in (*shared, "carried_usd", "opening_cost_usd")},
        "missing_basis_quantity": "0",
        "price": {
            "source": "llama",
            "as_of": "2026-11-21T12:00:00Z",
            "confidence": "0.99",
            "stale": False,
            "market": "open",
        },
        "flags": [],
    }
    return {
        "method": "fifo",
        "scope": "universal",
        "fees": "standard",
        "missing_basis": "zero",
        "time_zone": "UTC",
        "from": None,
        "to": None,
        "as_of": "2026-11-21T12:00:01Z",
        "complete": True,
        "totals": totals,
        "assets": [asset],
        "reconciliation": [
            {
                "wallet": _WALLET,
                "asset_id": _ETH,
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
