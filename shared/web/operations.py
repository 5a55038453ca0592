"""What every app answers about itself: health, readiness, metrics, OpenAPI document, docs page."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from .messages import Json, Operation, Request, Response, Route, json_response
from .metrics import METRICS_TYPE, Count, Gauge, Metrics
from .openapi import simple_operation
from .params import Params

C = TypeVar("C")
Endpoint = Callable[[C, Request], Awaitable[Response]]

OPERATION_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs")
_PROBE_AGE_SECONDS = 10.0
_DOCUMENT_CACHING = b"public, max-age=300"


class Dependency(NamedTuple):
    """Something that answers are made from, and whether it can be reached now."""

    kind: str
    name: str
    reachable: bool
    message: str | None = None


class Readiness(Generic[C]):
    """Probes the dependencies, at most every ten seconds however often it is asked.

    Ready means that some dependency of each kind can be reached: answers name what is missing, so one
    chain's trouble is no reason to take an instance out of service.
    """

    def __init__(
        self,
        probe: Callable[[C], Awaitable[Sequence[Dependency]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._probe = probe
        self._clock = clock
        self._probed_at = float("-inf")
        self._answer: Response | None = None
        self._probing = asyncio.Lock()

    async def get(self, context: C, _request: Request) -> Response:
        """200 when ready, else 503; the body says which dependency is not reachable."""
        async with self._probing:
            if self._answer is None or self._clock() - self._probed_at >= _PROBE_AGE_SECONDS:
                self._answer = _readiness(await self._probe(context))
                self._probed_at = self._clock()
            return self._answer


def _readiness(dependencies: Sequence[Dependency]) -> Response:
    missing = [dependency for dependency in dependencies if not dependency.reachable]
    lost = {d.kind for d in missing} - {d.kind for d in dependencies if d.reachable}
    status = "unavailable" if lost else "degraded" if missing else "ready"
    body = {"status": status, "dependencies": [dependency._asdict() for dependency in dependencies]}
    return json_response(503 if lost else 200, body)


def operation_routes(
    function: str,
    metrics: Metrics,
    *,
    document: Callable[[], Json],
    probe: Callable[[C], Awaitable[Sequence[Dependency]]],
    numbers: Callable[[C], Iterable[Gauge | Count]],
) -> tuple[Route[C], ...]:
    """The routes that an app has whatever it serves; who asks whether it is alive is not limited."""

    async def health(_context: C, _request: Request) -> Response:
        return json_response(200, {"status": "ok"})

    async def metrics_page(context: C, _request: Request) -> Response:
        return Response(200, metrics.page(numbers(context)), media_type=METRICS_TYPE)

    async def openapi(_context: C, _request: Request) -> Response:
        return json_response(200, document(), cache_control=_DOCUMENT_CACHING)

    async def docs(_context: C, _request: Request) -> Response:
        from .docs import POLICY, render_docs

        page = render_docs(document()).encode()
        return Response(
            200,
            page,
            media_type=b"text/html; charset=utf-8",
            cache_control=_DOCUMENT_CACHING,
            policy=POLICY,
        )

    return (
        Route("GET", "/healthz", _without_query(health), function, _describe_health, limited=False),
        Route("GET", "/readyz", _without_query(Readiness(probe).get), function, _describe_readiness),
        Route("GET", "/metrics", _without_query(metrics_page), function, _describe_metrics),
        Route("GET", "/openapi.json", _without_query(openapi), function),
        Route("GET", "/docs", _without_query(docs), function),
    )


def _without_query(endpoint: Endpoint[C]) -> Endpoint[C]:
    async def answer(context: C, request: Request) -> Response:
        Params(request.query, ()).check()
        return await endpoint(context, request)

    return answer


def _describe_health() -> Operation:
    return simple_operation("Whether the process is alive.", "application/json")


def _describe_readiness() -> Operation:
    lost = {
        "503": {
            "description": "No dependency of some kind can be reached.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    }
    return simple_operation("Which dependency is not reachable.", "application/json", also=lost)


def _describe_metrics() -> Operation:
    return simple_operation("Prometheus metrics.", "text/plain")
