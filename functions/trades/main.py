"""/api/v1/trades: what a user traded, recorded, listed, imported, exported, verified, discovered."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.trades_routes import ROUTES

app = create_app("trades", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def trades(_request: Request) -> ASGIApp:
    return app
