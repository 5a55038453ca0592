"""/v2/balances and /api/v1/stream: balances as they are found, and as they change."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.balances_routes import ROUTES

app = create_app("balances", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def balances(_request: Request) -> ASGIApp:
    return app
