"""/api/v1/snapshots and /api/v1/runs/{id}: a snapshot of one's own wallets, and how far a run is."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.runs import ROUTES

app = create_app("runs", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def runs(_request: Request) -> ASGIApp:
    return app
