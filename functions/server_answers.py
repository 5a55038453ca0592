"""One answer of a server, for the commands that draw it."""

from __future__ import annotations

import json
from typing import Any

import httpx

from functions.watch_sources import Refused, check_url, said_of, shown_url
from shared.chain.http import open_http, read_reply
from shared.errors import RpcError, Unavailable

# The server gives up an answer of its own before that.
_PATIENCE_SECONDS = 60.0
_MOST_BYTES = 64_000_000


async def read_answer(url: str, path: str, query: str, token: str | None) -> Any:
    """What a server answers, out of JSON.

    Raises InvalidInput for a URL, ConfigError for a token not to be sent there, Refused, and Unavailable.
    """
    address = f"{check_url(url, token)}{path}?{query}"
    headers = {"accept": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    try:
        async with (
            open_http() as client,
            client.stream("GET", address, headers=headers, timeout=_PATIENCE_SECONDS) as answer,
        ):
            reply = await read_reply(answer, "the server", _MOST_BYTES)
    except (httpx.HTTPError, RpcError) as error:
        raise Unavailable(f"{shown_url(url)}: {str(error) or type(error).__name__}") from error
    if reply.status != 200:
        message = f"the server answered {reply.status}{said_of(reply.body)}"
        raise Unavailable(message) if reply.status >= 500 or reply.status == 429 else Refused(message)
    try:
        return json.loads(reply.body)
    except ValueError as error:
        raise Unavailable("the server's answer is not JSON") from error
