"""What the OpenAPI document says of trades."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.trades import SIDES, STATUSES
from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    NOT_MODIFIED,
    json_body,
    private_operation,
    query_parameter,
)
from .paging import DEFAULT_LIMIT, MAX_LIMIT
from .trades_examples import CSV, NEW_TRADE, REPORT, TRADE
from .trades_read import MAX_SYMBOL
from .trades_schemas import (
    ImportBody,
    NewTradeBody,
    NewTradesBody,
    TradeBody,
    TradeChangesBody,
    TradePageBody,
    TradesBody,
)

_RECORD = """
Of `amount`, `price_usd` and `total_usd` two determine the third; all three must agree to within a cent or
0.01 %, whichever is larger. Of several trades all are recorded or none.

A `tx_hash` that you have already for the same chain, asset and side is a 409 that names the trade.
"""
_EXPORT = """
Sent while it is read, whatever its length. The CSV has what you say of a trade, not what the server sets
(`id`, `user_id`, `created_at`, `source`): imported elsewhere and exported again it is the same, byte for
byte.

A text that a spreadsheet would run as a formula, and one that begins with an apostrophe, has an apostrophe
put before it; importing takes it off again.
"""
_IMPORT = """
CSV (RFC 4180) in UTF-8 with the columns of the export in any order; `side` and `asset` are needed, and what
is left out has the defaults of POST. `lots` names rows by their `row`.

Every row is checked before one is kept. If some are bad the answer is 400, `errors` has each with its `row`
(the first behind the header is 1), its `line` and its reason, and nothing is imported; `on_error=skip`
imports the others.
"""
_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 200}
_TIME: Json = {"type": "string", "format": "date-time"}
_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The trade.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{30}$"},
    "example": TRADE["id"],
}


def _list() -> Operation:
    about: Json = {
        "operationId": "listTrades",
        "summary": "Your trades, a page at a time.",
        "description": "Pages stay as they are while trades are added: none is seen twice, none is left out.",
        "tags": ["Trades"],
        "parameters": [
            query_parameter("side", "Of this side.", {"enum": list(SIDES)}),
            query_parameter("asset", "Of this asset: CAIP-19, or a symbol without chain.", _TEXT),
            query_parameter("symbol", "With exactly this symbol.", {**_TEXT, "maxLength": MAX_SYMBOL}),
            query_parameter("status", "In this state.", {"enum": list(STATUSES)}),
            query_parameter("wallet", "Of this wallet: `0x…` or an ENS name.", _TEXT),
            query_parameter("chain", "On this chain: slug, id or CAIP-2.", _TEXT),
            query_parameter("from", "Executed at this time or later.", _TIME),
            query_parameter("to", "Executed before this time.", _TIME),
            query_parameter(
                "limit",
                "At most so many.",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
            ),
            query_parameter("cursor", "`next_cursor` of the page before, with the same filters.", _TEXT),
            query_parameter("order", "By `executed_at`.", {"enum": ["asc", "desc"], "default": "desc"}),
        ],
    }
    page = json_answer("A page.", "TradePageBody", {"items": [TRADE], "next_cursor": None})
    return private_operation(about, {"200": {**page, "headers": ETAG}, "304": NOT_MODIFIED}, TradePageBody)


def _record() -> Operation:
    verify = query_parameter(
        "verify",
        "Asks the chain about each `tx_hash` before it is recorded, and sets `status` by it.",
        {"type": "boolean", "default": False},
    )
    about: Json = {
        "operationId": "recordTrades",
        "summary": "Records one trade, or up to 500.",
        "description": _RECORD.strip(),
        "tags": ["Trades"],
        "parameters": [verify, IDEMPOTENCY_KEY],
        "requestBody": json_body(NewTradeBody, NewTradesBody, example=NEW_TRADE),
    }
    answer = json_answer("The trade, or `items` in the order given.", "TradeBody", TRADE)
    answer["content"]["application/json"]["schema"] = {
        "anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("TradeBody", "TradesBody")]
    }
    models = (NewTradeBody, NewTradesBody, TradeBody, TradesBody)
    return private_operation(about, {"201": answer}, *models, problems=(409, 415))


def _one() -> Operation:
    about: Json = {
        "operationId": "getTrade",
        "summary": "One trade.",
        "tags": ["Trades"],
        "parameters": [_ID],
    }
    answer = {**json_answer("The trade.", "TradeBody", TRADE), "headers": ETAG}
    return private_operation(about, {"200": answer, "304": NOT_MODIFIED}, TradeBody, problems=(404,))


def _change() -> Operation:
    about: Json = {
        "operationId": "changeTrade",
        "summary": "Changes some fields of a trade.",
        "description": "Of two changes at once one wins and the other is 412: read the trade again.",
        "tags": ["Trades"],
        "parameters": [_ID, IF_MATCH],
        "requestBody": json_body(TradeChangesBody, example={"notes": "for the rent of May"}),
    }
    answer = {**json_answer("The trade as it is now.", "TradeBody", TRADE), "headers": ETAG}
    models = (TradeBody, TradeChangesBody)
    return private_operation(about, {"200": answer}, *models, problems=(404, 409, 412, 415))


def _delete() -> Operation:
    about: Json = {
        "operationId": "deleteTrade",
        "summary": "Forgets a trade.",
        "tags": ["Trades"],
        "parameters": [_ID, IF_MATCH],
    }
    return private_operation(about, {"204": {"description": "It is gone."}}, problems=(404, 412))


def _export() -> Operation:
    about: Json = {
        "operationId": "exportTrades",
        "summary": "All your trades as a file, the earliest first.",
        "description": _EXPORT.strip(),
        "tags": ["Trades"],
        "parameters": [
            query_parameter("format", "The kind of file.", {"enum": ["csv", "json"], "default": "csv"})
        ],
    }
    answer = json_answer("The trades.", "TradesBody")
    answer["content"]["text/csv"] = {"schema": {"type": "string"}, "example": CSV}
    return private_operation(about, {"200": answer}, TradesBody)


def _import() -> Operation:
    about: Json = {
        "operationId": "importTrades",
        "summary": "Records the trades of a CSV file, up to 32 MiB.",
        "description": _IMPORT.strip(),
        "tags": ["Trades"],
        "parameters": [
            query_parameter(
                "on_error", "What bad rows do.", {"enum": ["reject", "skip"], "default": "reject"}
            ),
            IDEMPOTENCY_KEY,
        ],
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": CSV}},
        },
    }
    answer = json_answer("What became of the rows.", "ImportBody", REPORT)
    return private_operation(about, {"200": answer}, ImportBody, problems=(409, 415))


OPERATIONS: Mapping[str, Callable[[], Operation]] = {
    "list": _list,
    "record": _record,
    "one": _one,
    "change": _change,
    "delete": _delete,
    "export": _export,
    "import": _import,
}
