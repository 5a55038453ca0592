"""What the OpenAPI document says of `/v2/balances`."""

from __future__ import annotations

from ..web.messages import Json, Operation
from .balances_examples import BALANCES, END
from .balances_read import IGNORED, MAX_ADDRESSES, MAX_APPS, MAX_NETWORKS
from .balances_schemas import BalancesBody, CategoryNames, ProblemEventBody
from .describing import ADDRESS, CHAIN, list_parameter, operation, query_parameter
from .examples import WALLET

_DESCRIPTION = """
Server-sent events, as Zapper's `/v2/balances` had them. One `balance` event for each app of each network,
the moment it is known: `data` is a `PresentedBalancePayload`. What the addresses themselves hold is the app
`tokens`, which every network has; a protocol has an event where it holds something, or failed. The last event
is `end`: close the connection then, or an EventSource starts anew.

What could not be read is told in `errors`, and its `url` asks for just that again. Parts of `totals` with the
same `key` are the same part: add each key once. The sum is the `total_usd` of the portfolio, to the last
digit for readers who keep decimals.

Before `end` an event `summary` says what was asked, answered, failed and skipped (`SummaryPayload`). If the
answer breaks after it has begun, an event `error` (`ProblemEventBody`) comes before `end`.

With `Accept: application/json` the same comes as one JSON document. `addresses[]` and `addresses[0]` are
accepted for `addresses`, and so for `networks` and `apps`.
"""
_TRUE: Json = {"type": "boolean", "default": True}
_APP: Json = {"type": "string", "minLength": 1}
_EVENT: Json = {
    "type": "object",
    "description": "One of the events; `data` is JSON, but for `end`.",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": ["balance", "summary", "error", "end"]},
        "data": {"type": "string"},
    },
}


def balances_operation() -> Operation:
    """The operation and its schemas, from the types of the payloads."""
    about: Json = {
        "operationId": "getBalances",
        "summary": "What wallets hold, told as it is found.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Streams"],
        "security": [],
        "parameters": [*_asked(), *_form()],
    }
    answer: Json = {
        "description": "The events, or the same as JSON.",
        "content": {
            "text/event-stream": {"schema": _EVENT, "example": END},
            "application/json": {
                "schema": {"$ref": "#/components/schemas/BalancesBody"},
                "example": BALANCES,
            },
        },
    }
    return operation(about, {"200": answer}, BalancesBody, ProblemEventBody, CategoryNames)


def _asked() -> list[Json]:
    addresses = list_parameter(
        "addresses",
        f"`0x…` or ENS names; repeated or separated by commas, at most {MAX_ADDRESSES}.",
        ADDRESS,
        MAX_ADDRESSES,
        [WALLET],
        explode=True,
    )
    return [
        {**addresses, "required": True},
        list_parameter(
            "networks",
            "Zapper's names or ours, ids or CAIP-2 ids; without it all enabled chains are read. "
            "Those that are not read here are in `skipped` of the summary.",
            CHAIN,
            MAX_NETWORKS,
            ["ethereum"],
            explode=True,
        ),
        list_parameter(
            "apps", "`tokens` and ids of protocols; all without it.", _APP, MAX_APPS, ["tokens"], explode=True
        ),
    ]


def _form() -> list[Json]:
    return [
        query_parameter(
            "bundled", "The addresses together, or a payload for each. Balance keys then repeat.", _TRUE
        ),
        query_parameter("summary", "Whether the `summary` is told.", _TRUE),
        query_parameter(
            "useNewBalancesFormat",
            "Zapper's clients send it: the legacy format is not offered.",
            {"type": "boolean", "const": True, "default": True},
        ),
        *(
            query_parameter(name, "Zapper's clients send it; it is not looked at.", {"type": "string"})
            for name in IGNORED
        ),
    ]
