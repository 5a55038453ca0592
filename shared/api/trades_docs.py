"""What the OpenAPI document says of trades."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.trades import SIDES, STATUSES
from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import (
    ADDRESS,
    ASSET,
    CHAIN,
    ETAG,
    FLAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    TRADE_PARAMETER,
    choice_parameter,
    json_body,
    kept_answer,
    page_parameters,
    period_parameters,
    private_operation,
    query_parameter,
)
from .trades_examples import CSV, NEW_TRADE, REPORT, TRADE
from .trades_files import FORMATS, ON_ERROR
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

A row that you have recorded already is not recorded again: one whose `tx_hash` you have for the same chain,
asset and side, or, without a `tx_hash`, one that is like a trade of yours in every column (lots count by
their quantities). `duplicates` names each with that trade; if the file has no other fault the answer is 409.
Each trade stands for one row: two equal rows are both recorded if you have none of them, and one of them if
you have the other. `lots` may name such a row, which then means the trade that you have.
"""
_SYMBOL: Json = {"type": "string", "minLength": 1, "maxLength": MAX_SYMBOL}


def _list() -> Operation:
    about: Json = {
        "operationId": "listTrades",
        "summary": "Your trades, a page at a time.",
        "description": "Pages stay as they are while trades are added: none is seen twice, none is left out.",
        "tags": ["Trades"],
        "parameters": [
            choice_parameter("side", "Of this side.", SIDES),
            query_parameter("asset", "Of this asset: CAIP-19, or a symbol without chain.", ASSET),
            query_parameter("symbol", "With exactly this symbol.", _SYMBOL),
            choice_parameter("status", "In this state.", STATUSES),
            query_parameter("wallet", "Of this wallet: `0x…` or an ENS name.", ADDRESS),
            query_parameter("chain", "On this chain: slug, id or CAIP-2.", CHAIN),
            *period_parameters("Executed"),
            *page_parameters("Trades", "`executed_at`"),
        ],
    }
    page = kept_answer("A page.", "TradePageBody", {"items": [TRADE], "next_cursor": None})
    return private_operation(about, page, TradePageBody)


def _record() -> Operation:
    verify = query_parameter(
        "verify", "Asks the chain about each `tx_hash` before it is recorded, and sets `status` by it.", FLAG
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
        "parameters": [TRADE_PARAMETER],
    }
    return private_operation(about, kept_answer("The trade.", "TradeBody", TRADE), TradeBody, problems=(404,))


def _change() -> Operation:
    about: Json = {
        "operationId": "changeTrade",
        "summary": "Changes some fields of a trade.",
        "description": "Of two changes at once one wins and the other is 412: read the trade again.",
        "tags": ["Trades"],
        "parameters": [TRADE_PARAMETER, IF_MATCH],
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
        "parameters": [TRADE_PARAMETER, IF_MATCH],
    }
    return private_operation(about, {"204": {"description": "It is gone."}}, problems=(404, 412))


def _export() -> Operation:
    about: Json = {
        "operationId": "exportTrades",
        "summary": "All your trades as a file, the earliest first.",
        "description": _EXPORT.strip(),
        "tags": ["Trades"],
        "parameters": [choice_parameter("format", "The kind of file.", FORMATS, "csv")],
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
            choice_parameter("on_error", "What bad rows do.", ON_ERROR, "reject"),
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
