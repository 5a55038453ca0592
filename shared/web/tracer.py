"""Tracer: which requests are traced, and what their log lines say of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from ..spans import Span, SpanPlace, root_span
from .messages import Request
from .trace_context import TraceContext, parse_trace_context


class Tracer:
    """Traces the share `sample` (0 to 1) of the requests whose callers do not say that they are not traced.

    Whoever asks for a trace has no more of a chance than others: else anybody could have all requests traced.
    `finish` takes the finished spans; without it nothing is traced, and log lines still name the caller's
    trace. `project` is the Google Cloud project that traces lie in.
    """

    def __init__(
        self,
        finish: Callable[[Span], None] | None = None,
        sample: float = 0,
        project: str | None = None,
        chance: Callable[[], float] = random.random,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """`close` sends what waits to be sent; it may take seconds."""
        self.close = close
        self._finish = finish
        self._sample = sample
        self._project = project
        self._chance = chance

    @contextmanager
    def request(self, request: Request) -> Iterator[Span | None]:
        """The work on a request. Sets the request's `trace`: the fields of its log lines."""
        told = parse_trace_context(request.header(b"traceparent"), request.header(b"x-cloud-trace-context"))
        if self._finish is None or not self._is_chosen(told):
            request.trace = self._log_fields(told.place, sampled=bool(told.sampled)) if told else {}
            yield None
            return
        parent = told.place if told else None
        with root_span(request.method, self._finish, parent) as span:
            request.trace = self._log_fields(span.place, sampled=True)
            yield span

    def _is_chosen(self, told: TraceContext | None) -> bool:
        return (told is None or told.sampled is not False) and self._chance() < self._sample

    def _log_fields(self, place: SpanPlace, *, sampled: bool) -> Mapping[str, object]:
        """As Cloud Logging has them, https://cloud.google.com/logging/docs/structured-logging"""
        trace = f"{place.trace_id:032x}"
        return {
            "logging.googleapis.com/trace": f"projects/{self._project}/traces/{trace}"
            if self._project
            else trace,
            "logging.googleapis.com/spanId": f"{place.span_id:016x}",
            "logging.googleapis.com/trace_sampled": sampled,
        }
