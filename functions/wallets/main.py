"""/api/v1/wallets: the addresses that a user keeps."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.wallets import ROUTES

app = create_app("wallets", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def wallets(_request: Request) -> ASGIApp:
    return app
