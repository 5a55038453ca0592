"""A function that keeps what is pushed to it, and refuses a message as often as the message says."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections import Counter, defaultdict

import functions_framework.aio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from shared.bus.events import parse_event
from tests.bus.parcels import Parcel


class Box:
    """What one subscription delivered."""

    def __init__(self) -> None:
        self.deliveries: list[dict[str, object]] = []
        self.arrived = asyncio.Condition()
        self._times: Counter[str] = Counter()

    async def take(self, headers: dict[str, str], body: bytes) -> bool:
        message = parse_event(headers, body)
        delivery = {
            "id": message.id,
            "data": b64encode(message.data).decode(),
            "attributes": dict(message.attributes),
            "at": time.monotonic(),
        }
        self._times[message.id] += 1
        async with self.arrived:
            self.deliveries.append(delivery)
            self.arrived.notify_all()
        return Parcel.of(message.data).refuse < self._times[message.id]


boxes: defaultdict[str, Box] = defaultdict(Box)


async def take(request: Request) -> Response:
    taken = await boxes[request.url.path].take(dict(request.headers), await request.body())
    # Dead letters have been refused often enough.
    return Response(status_code=204 if taken or "dead-letters" in request.url.path else 503)


async def show(request: Request) -> Response:
    """The deliveries, as soon as there are as many as asked for."""
    box, number = boxes[request.url.path], int(request.query_params["number"])
    async with box.arrived:
        await box.arrived.wait_for(lambda: len(box.deliveries) >= number)
    return JSONResponse(box.deliveries)


async def healthz(_request: Request) -> Response:
    return Response()


app = Starlette(
    routes=[
        Route("/healthz", healthz),
        Route("/{project}/{box}", take, methods=["POST"]),
        Route("/{project}/{box}", show),
    ]
)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def recorder(_request: Request) -> ASGIApp:
    return app
