"""GET /api/v1/portfolio/history: what it was worth over time, and the returns."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.history import ROUTES

app = create_app("history", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def history(_request: Request) -> ASGIApp:
    return app
