"""/api/v1/me: everything that is kept of a user, handed over or erased."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.me import ROUTES

app = create_app("me", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def me(_request: Request) -> ASGIApp:
    return app
