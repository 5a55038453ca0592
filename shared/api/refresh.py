"""POST /api/v1/portfolio/refresh: reads wallets now, and every stream of theirs gets what was found."""

from __future__ import annotations

from ..web.messages import Operation, Request, Response, Route
from ..wiring import Context

PATH = "/api/v1/portfolio/refresh"


async def post(context: Context, request: Request) -> Response:
    """Read the addresses asked for, or the caller's own wallets."""
    # Loaded when it is first asked for: the cold start of a portfolio goes without it.
    from .refresh_answer import answer

    return await answer(context, request)


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .stream_docs import refresh_operation

    return refresh_operation()


ROUTES: tuple[Route[Context], ...] = (Route("POST", PATH, post, "portfolio", describe),)
