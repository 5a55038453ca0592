"""An app asked in-process, the way a server would ask it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx

from shared.web.app import App, Conduct
from shared.web.log import RequestLog
from shared.web.messages import Request, Response, Route, json_response

PATH = "/api/v1/things"
Endpoint = Callable[[str, Request], Awaitable[Response]]


async def echo(context: str, request: Request) -> Response:
    return json_response(200, {"context": context, "user": request.user, "body": request.body.decode()})


def quiet() -> RequestLog:
    return RequestLog("ERROR", lambda line: None)


def make_app(endpoint: Endpoint = echo, conduct: Conduct | None = None, method: str = "GET") -> App[str]:
    """An app of one function with one route, at its canonical path and its root."""
    route = Route(method, PATH, endpoint, "things")
    return App("things", [route], lambda: "the context", conduct or Conduct(log=quiet()), base=PATH)


def client_of(app: App[str], client: str = "203.0.113.7") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True, client=(client, 4321))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def ask(app: App[str], method: str = "GET", url: str = PATH, **options: object) -> httpx.Response:
    async with client_of(app) as client:
        return await client.request(method, url, **options)  # type: ignore[arg-type]  # passed on as given
