"""GET /api/v1/portfolio: what wallets hold, on every chain, priced."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.portfolio_routes import ROUTES

app = create_app("portfolio", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def portfolio(_request: Request) -> ASGIApp:
    return app
