"""/triggers/snapshot: Cloud Scheduler starts a snapshot run; Pub/Sub has it planned on, or swept."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.snapshot import ROUTES

app = create_app("snapshot", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def snapshot(_request: Request) -> ASGIApp:
    return app
