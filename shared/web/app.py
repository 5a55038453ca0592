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

from ..errors import (
    CallerError,
    MethodNotAllowed,
    NotFound,
    Overdue,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from ..spans import Span, span
from .answers import Answers
from .auth import Authenticator, LocalUser, Platform
from .closing import Closing
from .cors import Cors
from .hosts import require_loopback
from .limits import RateLimiter, caller_address, check_headers, read_body
from .log import RequestLog, about_var, request_id_var
from .messages import Header, Request, Response, Route, Stream
from .metrics import Metrics
from .open_streams import OpenStreams
from .problems import internal_error, problem_of
from .routing import Router
from .sending import conditional, headers_of, send_answer
from .tracer import Tracer

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


@dataclass(slots=True)
class _Exchange:
    """What is known of a request's answer by now; at first, that there is none."""

    function: str
    started: float = field(default_factory=time.perf_counter)
    response: Response | None = None
    waited: float = 0
    """Seconds until there was an answer to send."""
    begun: bool = False


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
        request = Request(scope)
        request_id_var.set(request.request_id)
        about_var.set(None)
        exchange = _Exchange(self.name)
        try:
            await self._exchange(exchange, request, receive, send)
        except Exception:
            # Around an endpoint nothing should fail; what does is answered and counted like anything else.
            logger.exception("unexpected error around an answer of %s", exchange.function)
            if not exchange.begun:
                await _excuse(exchange, request, self.conduct, receive, send)
        _note(exchange, request, self.conduct)

    async def _exchange(self, exchange: _Exchange, request: Request, receive: Receive, send: Send) -> None:
        with ExitStack() as held:
            traced = held.enter_context(self.conduct.tracer.request(request))
            exchange.function, answer = await self._respond(request, receive, held)
            exchange.response = response = conditional(request, answer)
            exchange.waited = time.perf_counter() - exchange.started
            if traced is not None:
                _describe(traced, request, response, exchange.function)
            headers = _headers(request, response, self.conduct)
            exchange.begun = True
            await send_answer(request, response, headers, receive, send)

    async def _respond(self, request: Request, receive: Receive, held: ExitStack) -> tuple[str, Response]:
        """The function that answered and its answer: where an endpoint's exceptions end.

        What a streaming route holds until its answer is sent is `held`.
        """
        function = self.name
        try:
            check_headers(request.head_size)
            if self.conduct.loopback_only:
                require_loopback(request)
            route = self._find(request)
            if route is None:
                return function, self._options(request)
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

    def _find(self, request: Request) -> Route[C] | None:
        """The route of a request, None for OPTIONS; what has no route counts against the address.

        A browser asks leave for a page of ours by itself, and the page breaks when that is refused. To refuse
        costs as much as to answer, so this alone is neither counted nor refused.
        """
        if request.method == "OPTIONS":
            if not self.conduct.cors.is_preflight(request):
                _count(request, self.conduct, _address(request, self.conduct))
            return None
        try:
            route, request.path_params = self._router.find(request.method, request.path)
        except (NotFound, MethodNotAllowed):
            _count(request, self.conduct, _address(request, self.conduct))
            raise
        return route

    async def _admit(self, request: Request, route: Route[C]) -> str:
        """Find out who calls, and count it: against the address if there is no user or a bad token."""
        conduct = self.conduct
        counted = conduct.limiter or route.streaming
        caller = _address(request, conduct) if counted else ""
        try:
            if route.trigger and conduct.platform is not None:
                await conduct.platform.require(request.header(b"authorization"))
            if route.identified:
                request.user = await conduct.auth.user(request.header(b"authorization"))
            if request.user is not None:
                caller = f"user {request.user}"
        finally:
            if route.limited:
                _count(request, conduct, caller)
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


async def _excuse(
    exchange: _Exchange, request: Request, conduct: Conduct, receive: Receive, send: Send
) -> None:
    """Send the answer that something failed; when not even that can be sent, the server breaks off."""
    response = exchange.response = internal_error(request)
    try:
        await send_answer(request, response, _headers(request, response, conduct), receive, send)
    except Exception:
        logger.exception("an answer of %s could not be sent", exchange.function)


def _note(exchange: _Exchange, request: Request, conduct: Conduct) -> None:
    """Count and log a request, whatever became of it."""
    seconds = time.perf_counter() - exchange.started
    function, response = exchange.function, exchange.response
    assert response is not None  # there is one of ours where there is no other
    # How long a stream stays open is no latency, nor is how long a caller goes on sending.
    latency = exchange.waited if isinstance(response, Stream) or request.unread else seconds
    conduct.metrics.count(function, request.method, response.status, latency)
    try:
        conduct.log.write(request, response, function, seconds)
    except Exception:
        logger.exception("a request at %s could not be logged", function)


def _headers(request: Request, response: Response, conduct: Conduct) -> list[Header]:
    return headers_of(request, response, conduct.cors, conduct.clock, deployed=conduct.deployed)


def _count(request: Request, conduct: Conduct, caller: str) -> None:
    """Take from the caller's allowance. Raises RateLimited when nothing is left."""
    if conduct.limiter is None:
        return
    request.allowance = allowance = conduct.limiter.take(caller)
    if allowance.retry_after:
        raise RateLimited("too many requests; see Retry-After", allowance.retry_after)


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
    """Whose allowance counts while nobody has said who is calling."""
    forwarded_for = request.header(b"x-forwarded-for")
    hops = conduct.trusted_hops
    return f"address {caller_address(request.client, forwarded_for, deployed=conduct.deployed, hops=hops)}"
