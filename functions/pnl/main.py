"""GET /api/v1/portfolio/pnl: what the trades gained, and what is held."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.pnl import ROUTES

app = create_app("pnl", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def pnl(_request: Request) -> ASGIApp:
    return app
