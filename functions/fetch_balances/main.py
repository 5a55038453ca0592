"""/triggers/fetch-balances: Pub/Sub pushes parts of snapshot runs to be read and finished."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.fetch_balances import ROUTES

app = create_app("fetch_balances", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def fetch_balances(_request: Request) -> ASGIApp:
    return app
