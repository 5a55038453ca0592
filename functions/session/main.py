"""/api/v1/session: signing in with Ethereum."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.session import ROUTES

app = create_app("session", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def session(_request: Request) -> ASGIApp:
    return app
