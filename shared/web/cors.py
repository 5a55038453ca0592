"""Cross-origin requests, from the configured origins only."""

from __future__ import annotations

from collections.abc import Collection

from .messages import Header, Request, Response

_EXPOSED = (
    b"Content-Disposition, ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, "
    b"Retry-After, X-Request-Id"
)
_ACCEPTED = (
    b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-Id"
)
_VARY: Header = (b"vary", b"Origin")


class Cors:
    """Which origins' pages may read our answers. Nothing here needs cookies, so none are allowed."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origin.rstrip("/").encode() for origin in origins)

    def headers(self, request: Request) -> tuple[Header, ...]:
        """What every answer carries; empty when no origin is configured."""
        if not self._origins:
            return ()
        origin = request.header(b"origin")
        if origin not in self._origins:
            return (_VARY,)
        return (_VARY, (b"access-control-allow-origin", origin), (b"access-control-expose-headers", _EXPOSED))

    def is_preflight(self, request: Request) -> bool:
        """Whether a browser asks leave for a page of a configured origin."""
        asks = request.method == "OPTIONS" and request.header(b"access-control-request-method")
        return bool(asks) and request.header(b"origin") in self._origins

    def preflight(self, request: Request, methods: Collection[str]) -> Response | None:
        """The answer to a browser asking leave, or None when this is no such question."""
        if not self.is_preflight(request):
            return None
        leave = (
            (b"access-control-allow-methods", ", ".join(methods).encode()),
            (b"access-control-allow-headers", _ACCEPTED),
            (b"access-control-max-age", b"600"),
        )
        return Response(204, b"", headers=leave)
