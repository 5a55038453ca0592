"""create_app: routes as one ASGI app, which opens its context on the first request."""

from __future__ import annotations

import gc
import hashlib
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import cache, partial
from typing import NoReturn

from ..config import Oidc, Settings
from ..errors import ConfigError
from ..telemetry.exporting import Exporter, SpanQueue
from ..web.app import App, Conduct
from ..web.auth import Authenticator, LocalUser, Platform, SessionOrToken, TokenUser
from ..web.cors import Cors
from ..web.jwks import SigningKeys
from ..web.limits import RateLimiter
from ..web.log import RequestLog, configure_logging
from ..web.messages import Json, Request, Response, Route
from ..web.metrics import Count, Gauge
from ..web.open_streams import OpenStreams
from ..web.openapi import openapi_document
from ..web.operations import OPERATION_PATHS, operation_routes
from ..web.tracer import Tracer
from ..wiring import Context, check_settings, open_context
from .health import numbers, probe_for
from .tracing import trace

_TITLE = "chainfolio"
_ABOUT = """
Portfolios of EVM wallets: balances read from the chains themselves, priced, and explained.

Amounts, prices and values are decimal strings; times are RFC 3339 in UTC. Every answer carries
`X-Request-Id`, which may be sent along. Errors are RFC 9457 problems.
"""
# In the order of the docs page.
_GROUPS = (
    *("Portfolio", "Streams", "Wallets", "Trades", "Snapshots"),
    *("Session", "Account", "Triggers", "Operation"),
)
_BAD_CONFIG = 2
_TRIGGERS = "/triggers/"
# Whom Google signs the tokens of service accounts as.
_GOOGLE = "https://accounts.google.com"


def create_app(function: str, routes: Sequence[Route[Context]]) -> App[Context]:
    """The app of one function, at its canonical path and at its own root.

    A bad setting ends the process here, with one line that names the variable.
    """
    try:
        settings = Settings.from_env()
        check_settings(settings)
    except ConfigError as error:
        _refuse_to_start(error)
    configure_logging(settings.log_level)
    app = build_app(function, routes, settings, partial(open_context, settings, trace), base=routes[0].path)
    # What is loaded by now stays: the first answer need not wait until the collector has walked through it,
    # and the server's processes go on sharing it.
    gc.freeze()
    return app


def join_apps(apps: Sequence[App[Context]], settings: Settings) -> App[Context]:
    """One app that serves what these serve, at the canonical paths only, with one context.

    `/` leads to the docs. Messages of a local bus are delivered within it. Where everybody is the local user,
    it answers to this machine's own names only.
    """
    from .local_bus import deliver_here

    routes = [route for app in apps for route in app.routes if route.path not in OPERATION_PATHS]
    routes.append(Route("GET", "/", _to_docs, routes[0].function))
    opening = partial(open_context, settings, trace)
    alone = settings.auth_mode == "local" and not settings.deployed
    return build_app("local", routes, settings, opening, opened=deliver_here, loopback_only=alone)


async def _to_docs(_context: Context, _request: Request) -> Response:
    return Response(307, b"", headers=((b"location", b"/docs"),))


def build_app(
    name: str,
    routes: Sequence[Route[Context]],
    settings: Settings,
    open_context: Callable[[], Context],
    *,
    base: str | None = None,
    clock: Callable[[], float] = time.time,
    opened: Callable[[Context], Awaitable[None]] | None = None,
    loopback_only: bool = False,
) -> App[Context]:
    """An app as the settings want it; `open_context` is called once, on the first request, and `opened` then.

    `clock` tells the seconds since the epoch, by which answers are kept. One that is `loopback_only` answers
    to this machine's own names.
    """
    conduct = _conduct(name, settings, clock, loopback_only=loopback_only)

    @cache
    def document() -> Json:
        return openapi_document(_TITLE, _ABOUT.strip(), everything, _GROUPS)

    def figures(context: Context) -> Iterator[Gauge | Count]:
        yield from numbers(context)
        yield Gauge("event_streams_open", "Event streams open now", (), conduct.streams.number)

    routes = [route for route in routes if _is_served(route, settings)]
    probe = probe_for({route.function for route in routes})
    own = operation_routes(name, conduct.metrics, document=document, probe=probe, numbers=figures)
    everything = (*routes, *own)
    return App(name, everything, open_context, conduct, base=base, close_context=Context.close, opened=opened)


def _conduct(name: str, settings: Settings, clock: Callable[[], float], *, loopback_only: bool) -> Conduct:
    """How the app treats its callers."""
    return Conduct(
        auth=_authenticator(settings, clock),
        platform=_platform(settings),
        tracer=_tracer(name, settings),
        limiter=RateLimiter(settings.rate_limit_per_minute) if settings.auth_mode != "local" else None,
        streams=OpenStreams(settings.streams.per_caller, settings.streams.per_instance),
        cors=Cors(settings.cors_origins),
        log=RequestLog(settings.log_level, user_key=_user_key(settings)),
        deployed=settings.deployed,
        trusted_hops=settings.trusted_hops,
        loopback_only=loopback_only,
        clock=clock,
    )


def _is_served(route: Route[Context], settings: Settings) -> bool:
    """Messages of a local bus need no trigger, and where others reach the port, nobody else is to use one."""
    is_needed = settings.deployed or settings.auth_mode == "local" or settings.bus != "local"
    return is_needed or not route.path.startswith(_TRIGGERS)


def _tracer(name: str, settings: Settings) -> Tracer:
    """Where spans go. The libraries for that are loaded in the thread that sends them."""
    destination = settings.traces
    if destination == "off":
        return Tracer(project=settings.project)

    def opening() -> Exporter:
        from ..telemetry.otel import open_exporter

        return open_exporter(destination, f"{_TITLE}-{name}", settings.project)

    queue = SpanQueue(opening)
    return Tracer(queue.add, settings.trace_sample, settings.project, close=queue.close)


def _user_key(settings: Settings) -> bytes:
    """What log lines name users with: the same in all functions of a deployment.

    Wallets are users, and can be guessed, only where there is a SESSION_KEY; the ids of others are random.
    """
    secret = settings.siwe.session_key or settings.project or ""
    return hashlib.sha256(b"users in log lines\n" + secret.encode()).digest()


def _authenticator(settings: Settings, clock: Callable[[], float]) -> Authenticator:
    oidc: Oidc = settings.oidc
    if settings.auth_mode == "local":
        return LocalUser()
    if oidc.issuer is None or oidc.audience is None:
        raise ConfigError("OIDC_ISSUER, OIDC_AUDIENCE: must be set when AUTH_MODE=oidc")
    tokens = TokenUser(
        oidc.issuer, oidc.audience, SigningKeys(oidc.jwks_url, public_only=settings.public_only)
    )
    if not settings.siwe.domains:
        return tokens
    from ..core.siwe import USER_PREFIX
    from .sign_in_settings import session_tokens

    return SessionOrToken(session_tokens(settings, clock), tokens, USER_PREFIX)


def _platform(settings: Settings) -> Platform | None:
    """Who is to show at triggers that they are the platform; None where that is not asked for."""
    triggers = settings.triggers
    if triggers.audience is None:
        return None
    keys = SigningKeys(triggers.jwks_url, public_only=settings.public_only)
    return Platform(TokenUser(_GOOGLE, triggers.audience, keys), triggers.emails)


def _refuse_to_start(error: ConfigError) -> NoReturn:
    sys.stderr.write(f"{error.line()}\n")
    raise SystemExit(_BAD_CONFIG)
