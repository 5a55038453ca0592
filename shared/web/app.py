"""App: an ASGI application of routes, and everything that happens around an endpoint.

One plain class instead of a stack of middleware: what is common to all answers (request id, caller, rate
limit, problems, caching, CORS, log line, metrics) is read here from top to bottom. Nothing is ever raised
to the server: the framework would answer a second time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ..errors import CallerError, Overdue, RateLimited, Unauthenticated, Unavailable
from ..spans import Span, span
from .answers import Answers
from .auth import Authenticator, LocalUser, Platform
from .closing import Closing
from .cors import Cors
from .etags import matches
from .hosts import require_loopback
from .limits import RateLimiter, caller_address, check_headers, discard_rest, read_body
from .log import RequestLog, about_var, request_id_var
from .messages import Header, Request, Response, Route, Stream
from .metrics import Metrics
from .open_streams import OpenStreams
from .problems import internal_error, problem_of
from .routing import Router
from .streams import send_stream
from .tracer import Tracer

C = TypeVar("C")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_ONLY_HTTPS: tuple[Header, ...] = ((b"strict-transport-security", b"max-age=31536000; includeSubDomains"),)
# A body that nobody reads would otherwise have to be received to its end, however long that takes.
_CLOSE: tuple[Header, ...] = ((b"connection", b"close"),)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Conduct:
    """How an app treats its callers, whatever it serves."""

    auth: Authenticator = field(default_factory=LocalUser)
    limiter: RateLimiter | None = None
    streams: OpenStreams = field(default_factory=OpenStreams)
    closing: Closing = field(default_factory=Closing)
    cors: Cors = field(default_factory=lambda: Cors(()))
    log: RequestLog = field(default_factory=lambda: RequestLog("INFO"))
    metrics: Metrics = field(default_factory=Metrics)
    deployed: bool = False
    trusted_hops: int = 1
    """How many elements of X-Forwarded-For, from the right, are written by front ends."""
    loopback_only: bool = False
    """Whether only this machine's own names are answered to: where nobody has to say who they are."""
    clock: Callable[[], float] = time.time
    """Seconds since the epoch: what answers are kept by."""
    tracer: Tracer = field(default_factory=Tracer)
    platform: Platform | None = None
    """Who alone may call triggers; None where others see to that."""


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
        about_var.set(None)
        with ExitStack() as held:
            traced = held.enter_context(self.conduct.tracer.request(request))
            function, answer = await self._respond(request, receive, held)
            response = _conditional(request, answer)
            answered = time.perf_counter() - started
            if traced is not None:
                _describe(traced, request, response, function)
            await self._send(request, response, receive, send)
        seconds = time.perf_counter() - started
        self.conduct.log.write(request, response, function, seconds)
        # How long a stream stays open is no latency, nor is how long a caller goes on sending.
        latency = answered if isinstance(response, Stream) or request.unread else seconds
        self.conduct.metrics.count(function, request.method, response.status, latency)

    async def _respond(self, request: Request, receive: Receive, held: ExitStack) -> tuple[str, Response]:
        """The function that answered and its answer: the one place where exceptions end.

        What a streaming route holds until its answer is sent is `held`.
        """
        function = self.name
        try:
            check_headers(request.head_size)
            if self.conduct.loopback_only:
                require_loopback(request)
            if request.method == "OPTIONS":
                return function, self._options(request)
            route, request.path_params = self._router.find(request.method, request.path)
            function = route.function
            caller = await self._admit(request, route)
            about_var.set(self.conduct.log.describe(request, function))
            if route.streaming:
                held.enter_context(self.conduct.streams.one_more(caller))
                request.closing = self.conduct.closing
                request.closing.listen()
            if request.unread:
                length = request.header(b"content-length")
                request.body = await read_body(length, receive, route.max_body, route.body_seconds)
                request.unread = False
            return function, await self._answer(route, request)
        except (CallerError, Unavailable) as error:
            return function, problem_of(error, request)
        except Exception:
            logger.exception("unexpected error in %s", function)
            return function, internal_error(request)

    async def _admit(self, request: Request, route: Route[C]) -> str:
        """Find out who calls, and count it: against the address if there is no user or a bad token."""
        conduct = self.conduct
        counted = conduct.limiter or route.streaming
        caller = f"address {_address(request, conduct)}" if counted else ""
        try:
            if route.trigger and conduct.platform is not None:
                await conduct.platform.require(request.header(b"authorization"))
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
        return caller

    async def _answer(self, route: Route[C], request: Request) -> Response:
        known = self._answers.get(request.path, request.query) if route.method == "GET" else None
        if known is not None:
            return known
        if self._context is None:
            self._context = self._open_context()
            if self._opened is not None:
                await self._opened(self._context)
        with span(f"{route.function} {route.method} {route.path}"):
            answer = await _answer_in_time(route, self._context, request)
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
            *(_ONLY_HTTPS if self.conduct.deployed else ()),
            *(_CLOSE if request.unread else ()),
        ]
        body = b"" if request.method == "HEAD" else response.body
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if isinstance(response, Stream):
            await send_stream(response, receive, send, with_body=request.method != "HEAD")
            return
        if request.unread:
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await discard_rest(receive)
            body = b""
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.conduct.auth.close()
        if self.conduct.platform is not None:
            await self.conduct.platform.close()
        await asyncio.to_thread(self.conduct.tracer.close)
        if self._context is not None and self._close_context is not None:
            await self._close_context(self._context)
            self._context = None
        await send({"type": "lifespan.shutdown.complete"})


async def _answer_in_time(route: Route[C], context: C, request: Request) -> Response:
    """The endpoint's answer; what takes longer than the route allows is cancelled. Raises Overdue."""
    limit = asyncio.timeout(None if route.streaming else route.seconds)
    try:
        async with limit:
            return await route.endpoint(context, request)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Overdue(f"this took longer than {route.seconds:g} s and was given up") from error


def _describe(span: Span, request: Request, response: Response, function: str) -> None:
    """As OpenTelemetry's conventions for HTTP servers name things; the query names wallets and stays out."""
    span.name = f"{request.method} {function}"
    span.attributes = {
        "http.request.method": request.method,
        "url.path": request.path[:500],
        "http.response.status_code": response.status,
        "faas.name": function,
        "request_id": request.request_id,
    }
    if response.status >= 500:
        span.error = str(response.status)


def _address(request: Request, conduct: Conduct) -> str:
    forwarded_for = request.header(b"x-forwarded-for")
    hops = conduct.trusted_hops
    return caller_address(request.client, forwarded_for, deployed=conduct.deployed, hops=hops)


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
