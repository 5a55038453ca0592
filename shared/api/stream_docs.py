"""What the OpenAPI document says of the stream and of refreshing."""

from __future__ import annotations

from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import ADDRESS, CHAIN, json_body, list_parameter, operation
from .examples import WALLET
from .portfolio import MAX_ADDRESSES, MAX_CHAINS
from .stream_examples import EVENT, REFRESH, REFRESHED
from .stream_schemas import (
    EndEventBody,
    FragmentBody,
    HeartbeatEventBody,
    PriceEventBody,
    RefreshBody,
    RefreshRequest,
    SnapshotEventBody,
    StatusEventBody,
    StreamErrorBody,
)

_DESCRIPTION = """
Server-sent events, for as long as you listen. First `snapshot`, in chunks (`SnapshotEventBody`); then, as
they happen: `fragment` (`FragmentBody`) replaces what was known of a wallet, chain and protocol; `price`
(`PriceEventBody`); `status` (`StatusEventBody`) says what cannot be read and therefore stays as it was;
`heartbeat` (`HeartbeatEventBody`). Values are not told: they are balance × price.

A new stream's chains are read first, for a moment: those that take longer are `pending` in the snapshot, what
they hold follows as `fragment`, and a `status` without `pending` says that all were tried.

Every event has an `id`. Who comes back with `Last-Event-ID`, as an EventSource does by itself, goes on there,
on any server: nothing is missed, and no fragment is told twice. If that cannot be, there is a new `snapshot`,
whose `reason` says why. A reader who is slow is told less often, never something old.

`end` (`EndEventBody`) is the last event: close the connection and come back after the `retry` that it states.
If something breaks, `error` (`StreamErrorBody`) comes before it.

Without `address` it is about the caller's saved wallets, and needs a token. Once these are other ones, it
ends with the reason `wallets`: come back for a snapshot of those.
"""
_REFRESH = """
Reads the chains past all caches and writes what is found, so that every stream of these wallets is told, of
what did not change too: its `block_number` and `sequence` show that it was confirmed. What cannot be read
is named in `errors`.

Without `addresses` it reads the caller's saved wallets, and needs a token. The body may be left out.
"""
_LAST_ID: Json = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the last event that you received. Any other text gives a new snapshot.",
    "schema": {"type": "string"},
}
_NAMES = ("snapshot", "fragment", "price", "status", "heartbeat", "error", "end")
_EVENT: Json = {
    "type": "object",
    "description": "One of the events; `data` is JSON.",
    "required": ["event", "data"],
    "properties": {
        "event": {"type": "string", "enum": list(_NAMES)},
        "id": {"type": "string"},
        "retry": {"type": "integer", "description": "In how many milliseconds to come back."},
        "data": {"type": "string"},
    },
}


def stream_operation() -> Operation:
    """GET /api/v1/stream."""
    about: Json = {
        "operationId": "streamPortfolio",
        "summary": "What wallets hold, and every change of it, as it happens.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Streams"],
        "security": [{}, {"idToken": []}],
        "parameters": [*_asked(), _LAST_ID],
    }
    events: Json = {"text/event-stream": {"schema": _EVENT, "example": EVENT}}
    answer: Json = {"200": {"description": "The events.", "content": events}}
    return operation(
        about,
        answer,
        SnapshotEventBody,
        FragmentBody,
        PriceEventBody,
        StatusEventBody,
        HeartbeatEventBody,
        StreamErrorBody,
        EndEventBody,
    )


def refresh_operation() -> Operation:
    """POST /api/v1/portfolio/refresh."""
    about: Json = {
        "operationId": "refreshPortfolio",
        "summary": "Reads wallets now, for you and for all their streams.",
        "description": _REFRESH.strip(),
        "tags": ["Portfolio"],
        "security": [{}, {"idToken": []}],
        "parameters": [],
        "requestBody": {**json_body(RefreshRequest, example=REFRESH), "required": False},
    }
    answer = json_answer("What was read.", "RefreshBody", REFRESHED)
    return operation(about, {"200": answer}, RefreshRequest, RefreshBody, problems=(415,))


def _asked() -> list[Json]:
    return [
        list_parameter(
            "address",
            f"`0x…` or an ENS name; repeated or separated by commas, at most {MAX_ADDRESSES}.",
            ADDRESS,
            MAX_ADDRESSES,
            [WALLET],
            explode=True,
        ),
        list_parameter(
            "chains",
            "Slugs, ids or CAIP-2 ids, separated by commas; without it all enabled chains.",
            CHAIN,
            MAX_CHAINS,
            ["ethereum"],
        ),
    ]
