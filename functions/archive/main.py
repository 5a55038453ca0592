"""/triggers/archive: Cloud Scheduler has what users keep written to object storage."""

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import create_app
from shared.api.archive import ROUTES

app = create_app("archive", ROUTES)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def archive(_request: Request) -> ASGIApp:
    return app
