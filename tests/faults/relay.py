"""Stands between Pub/Sub's push subscriptions and the functions, and keeps what became of each message."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Self

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_PATIENCE_SECONDS = 20.0


class Relay:
    """Passes pushes on while its `async with` lasts; one that nobody answers is refused."""

    def __init__(self, functions: Mapping[str, str]) -> None:
        """`functions` are the addresses to pass on to, by the relay's paths."""
        self.statuses: dict[str, list[int]] = defaultdict(list)
        """By message, how its pushes were answered: 502 is for a process that died of it."""
        self.lose: Callable[[bytes], bool] = lambda data: False
        """Which messages are acknowledged and passed on to nobody."""
        self._times: dict[str, str] = {}
        self._arrived = asyncio.Condition()
        self._functions = functions
        self._bound = socket.socket()
        self._bound.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._bound.getsockname()[1]}"
        app = Starlette(routes=[Route("/{function}", self._pass_on, methods=["POST"])])
        config = uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)

    async def published_at(self, name: str) -> str:
        """When the message was published, as soon as it was pushed."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: name in self._times)
        return self._times[name]

    def acknowledged(self) -> set[str]:
        """The messages that came to their end."""
        return {name for name, statuses in self.statuses.items() if 204 in statuses}

    async def __aenter__(self) -> Self:
        transport = httpx.AsyncHTTPTransport(trust_env=False, verify=False)
        self._http = httpx.AsyncClient(transport=transport, timeout=_PATIENCE_SECONDS)
        self._serving = asyncio.create_task(self._server.serve([self._bound]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self._serving
        await self._http.aclose()

    async def _pass_on(self, request: Request) -> Response:
        body = await request.body()
        message = json.loads(body)["message"]
        name = message["messageId"]
        async with self._arrived:
            self._times[name] = message["publishTime"]
            self._arrived.notify_all()
        status = 204 if self.lose(b64decode(message["data"])) else await self._push(request, body)
        self.statuses[name].append(status)
        return Response(status_code=status)

    async def _push(self, request: Request, body: bytes) -> int:
        url = self._functions[request.path_params["function"]]
        headers = {"content-type": request.headers["content-type"]}
        try:
            return (await self._http.post(url, content=body, headers=headers)).status_code
        except httpx.TransportError:
            return 502
