"""GET /api/v1/stream: what wallets hold, and every change of it, as server-sent events."""

from __future__ import annotations

from ..web.messages import Operation, Request, Response, Route
from ..wiring import Context

PATH = "/api/v1/stream"


async def get(context: Context, request: Request) -> Response:
    """A stream of the addresses asked for, or of the caller's own wallets."""
    # Loaded when it is first asked for: the cold start of `/v2/balances` goes without it.
    from .stream_answer import answer

    return await answer(context, request)


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .stream_docs import stream_operation

    return stream_operation()


ROUTES: tuple[Route[Context], ...] = (Route("GET", PATH, get, "balances", describe, streaming=True),)
