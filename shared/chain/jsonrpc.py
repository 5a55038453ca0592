"""JSON-RPC 2.0 as bytes: calls out, replies in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NoReturn, TypeAlias, cast

from ..core.nesting import check_nesting

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def make_call(number: int, method: str, params: list[Json]) -> dict[str, Json]:
    """The request object of one call, which `number` tells apart from the others."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def format_body(message: Json) -> bytes:
    """The body to post."""
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode()


def parse_body(body: bytes) -> Json:
    """What a body holds, or None when it is not JSON in UTF-8 (a bare null is no better).

    Bodies are not to be trusted: nested very deeply and numbers of any length are "not JSON" too.
    """
    try:
        check_nesting(body)
        return cast(Json, json.loads(body.decode(), parse_constant=_refuse))
    except ValueError:
        return None


def replies_by_number(replies: Iterable[Json]) -> dict[int, dict[str, Json]]:
    """The replies of a batch by the number of their call; a number that was answered twice is left out."""
    found: dict[int, dict[str, Json]] = {}
    twice: set[int] = set()
    for reply in replies:
        number = number_of(reply)
        if number is not None and isinstance(reply, dict):
            twice |= found.keys() & {number}
            found[number] = reply
    return {number: reply for number, reply in found.items() if number not in twice}


def number_of(reply: Json) -> int | None:
    """The number of the call that a reply answers, None where it names none."""
    number = reply.get("id") if isinstance(reply, dict) else None
    return number if type(number) is int else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
