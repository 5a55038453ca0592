"""App: an ASGI application of routes, and everything that happens around an endpoint.

One plain class instead of a stack of middleware: what is common to all answers (request id, caller, rate
limit, problems, caching, CORS, log line, metrics) is read here from top to bottom. Nothing is ever raised
to the server: the framework would answer a second time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..errors import CallerError, RateLimited, Unauthenticated, Unavailable
from .answers import Answers
from .auth import Authenticator, LocalUser
from .cors import Cors
from .etags import matches
from .hosts import require_loopback
from .limits import RateLimiter, caller_address, read_body
from .log import RequestLog, request_id_var
from .messages import Header, Request, Response, Route, Stream
from .metrics import Metrics
from .problems import internal_error, problem_of
from .routing import Router
from .streams import send_stream

C = TypeVar("C")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conduct:
    """How an app treats its callers, whatever it serves."""

    auth: Authenticator = field(default_factory=LocalUser)
    limiter: RateLimiter | None = None
    cors: Cors = field(default_factory=lambda: Cors(()))
    log: RequestLog = field(default_factory=lambda: RequestLog("INFO"))
    metrics: Metrics = field(default_factory=Metrics)
    deployed: bool = False
    loopback_only: bool = False
    """Whether only this machine's own names are answered to: where nobody has to say who they are."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch: what answers are kept by."""


class App(Generic[C]):
    """Routes served with one context.

    The context is opened on the first request: the framework has no lifespan of its own, and connections
    belong to the running loop. With a `base` the app also answers at its root (see Router).
    """

    def __init__(
        self,
        name: str,
        routes: Sequence[Route[C]],
        open_context: Callable[[], C],
        conduct: Conduct,
        *,
        base: str | None = None,
        close_context: Callable[[C], Awaitable[None]] | None = None,
        opened: Callable[[C], Awaitable[None]] | None = None,
    ) -> None:
        """`opened` is called with the context before the first answer."""
        self.name = name
        self.routes = tuple(routes)
        self.conduct = conduct
        self._router = Router(routes, base)
        self._open_context = open_context
        self._close_context = close_context
        self._opened = opened
        self._context: C | None = None
        self._answers = Answers(conduct.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        started = time.perf_counter()
        request = Request(scope)
        request_id_var.set(request.request_id)
        function, answer = await self._respond(request, receive)
        response = _conditional(request, answer)
        await self._send(request, response, receive, send)
        seconds = time.perf_counter() - started
        self.conduct.log.write(request, response, function, seconds)
        self.conduct.metrics.count(function, request.method, response.status, seconds)

    async def _respond(self, request: Request, receive: Receive) -> tuple[str, Response]:
        """The function that answered and its answer: the one place where exceptions end."""
        function = self.name
        try:
            if self.conduct.loopback_only:
                require_loopback(request)
            if request.method == "OPTIONS":
                return function, self._options(request)
            route, request.path_params = self._router.find(request.method, request.path)
            function = route.function
            await self._admit(request, route)
            if request.has_body:
                request.body = await read_body(request.header(b"content-length"), receive, route.max_body)
            return function, await self._answer(route, request)
        except (CallerError, Unavailable) as error:
            return function, problem_of(error, request)
        except Exception:
            logger.exception("unexpected error in %s", function)
            return function, internal_error(request)

    async def _admit(self, request: Request, route: Route[C]) -> None:
        """Find out who calls, and count it: against the address if there is no user or a bad token."""
        conduct = self.conduct
        caller = f"address {_address(request, deployed=conduct.deployed)}" if conduct.limiter else ""
        try:
            if route.identified:
                request.user = await conduct.auth.user(request.header(b"authorization"))
            if request.user is not None:
                caller = f"user {request.user}"
        finally:
            if conduct.limiter is not None and route.limited:
                request.allowance = allowance = conduct.limiter.take(caller)
                if allowance.retry_after:
                    raise RateLimited("too many requests; see Retry-After", allowance.retry_after)
        if route.private and request.user is None:
            raise Unauthenticated("this needs your token: Authorization: Bearer …")

    async def _answer(self, route: Route[C], request: Request) -> Response:
        known = self._answers.get(request.path, request.query) if route.method == "GET" else None
        if known is not None:
            return known
        if self._context is None:
            self._context = self._open_context()
            if self._opened is not None:
                await self._opened(self._context)
        answer = await route.endpoint(self._context, request)
        if answer.supersedes:
            self._answers.forget(request.path)
        if route.method == "GET":
            self._answers.keep(request.path, request.query, answer)
        return answer

    def _options(self, request: Request) -> Response:
        methods = self._router.methods(request.path)
        allow = ((b"allow", ", ".join(methods).encode()),)
        return self.conduct.cors.preflight(request, methods) or Response(204, b"", headers=allow)

    async def _send(self, request: Request, response: Response, receive: Receive, send: Send) -> None:
        headers = [
            *response.headers,
            (b"x-request-id", request.request_id.encode()),
            (b"cache-control", _cache_control(response, self.conduct.clock)),
            *_rate_headers(request),
            *self.conduct.cors.headers(request),
        ]
        body = b"" if request.method == "HEAD" else response.body
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if isinstance(response, Stream):
            await send_stream(response, receive, send, with_body=request.method != "HEAD")
        else:
            await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.conduct.auth.close()
        if self._context is not None and self._close_context is not None:
            await self._close_context(self._context)
            self._context = None
        await send({"type": "lifespan.shutdown.complete"})


def _address(request: Request, *, deployed: bool) -> str:
    return caller_address(request.client, request.header(b"x-forwarded-for"), deployed=deployed)


def _conditional(request: Request, response: Response) -> Response:
    if_none_match = request.header(b"if-none-match")
    if if_none_match is None or response.etag is None or not matches(if_none_match, response.etag):
        return response
    return response.not_modified()


def _cache_control(response: Response, clock: Callable[[], float]) -> bytes:
    if response.reusable_until is None:
        return response.cache_control
    return b"private, max-age=%d" % max(0, int(response.reusable_until - clock()))


def _rate_headers(request: Request) -> tuple[Header, ...]:
    allowance = request.allowance
    if allowance is None:
        return ()
    return (
        (b"ratelimit-limit", b"%d" % allowance.limit),
        (b"ratelimit-remaining", b"%d" % allowance.remaining),
        (b"ratelimit-reset", b"%d" % allowance.reset),
    )
