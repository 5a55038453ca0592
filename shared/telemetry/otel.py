"""OpenTelemetry's exporters behind ours: to the console, to an OTLP endpoint, to Google Cloud Trace.

Imported by the sending thread only (see `exporting`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from ..spans import Kind, Span, SpanPlace
from .exporting import Exporter

Destination = Literal["console", "otlp", "cloud"]

# Google's own OTLP endpoint, https://cloud.google.com/stackdriver/docs/reference/telemetry/overview
_CLOUD_TRACES = "https://telemetry.googleapis.com/v1/traces"
_CLOUD_SCOPE = "https://www.googleapis.com/auth/trace.append"
_TIMEOUT_SECONDS = 5.0
_KINDS: dict[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "internal": SpanKind.INTERNAL,
}


class OtelExporter:
    """Hands our spans to one of OpenTelemetry's exporters, as of one service."""

    def __init__(self, exporter: SpanExporter, service: str, project: str | None = None) -> None:
        about = {"service.name": service} | ({"gcp.project_id": project} if project else {})
        self._resource = Resource(about)
        self._exporter = exporter

    def export(self, spans: Sequence[Span]) -> bool:
        return self._exporter.export([self._readable(each) for each in spans]) is SpanExportResult.SUCCESS

    def close(self) -> None:
        self._exporter.shutdown()

    def _readable(self, span: Span) -> ReadableSpan:
        parent = None if span.parent_id is None else SpanPlace(span.place.trace_id, span.parent_id)
        failed = Status(StatusCode.ERROR, span.error) if span.error else Status(StatusCode.UNSET)
        return ReadableSpan(
            name=span.name,
            context=_context(span.place),
            parent=parent and _context(parent),
            resource=self._resource,
            attributes=span.attributes,
            kind=_KINDS[span.kind],
            status=failed,
            start_time=span.start_ns,
            end_time=span.end_ns,
        )


def open_exporter(destination: Destination, service: str, project: str | None) -> Exporter:
    """The exporter to a destination; `otlp` goes where OTEL_EXPORTER_OTLP_ENDPOINT says."""
    if destination == "console":
        return OtelExporter(ConsoleSpanExporter(out=sys.stderr), service, project)
    return OtelExporter(_open_otlp(destination, project), service, project)


def _open_otlp(destination: Destination, project: str | None) -> SpanExporter:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    if destination == "otlp":
        return OTLPSpanExporter(timeout=_TIMEOUT_SECONDS)
    import google.auth
    from google.auth.transport.requests import AuthorizedSession

    credentials, found = google.auth.default(scopes=[_CLOUD_SCOPE])
    quota = {"x-goog-user-project": project or found or ""}
    session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # has no types
    return OTLPSpanExporter(endpoint=_CLOUD_TRACES, headers=quota, timeout=_TIMEOUT_SECONDS, session=session)


def _context(place: SpanPlace) -> SpanContext:
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(place.trace_id, place.span_id, is_remote=False, trace_flags=sampled)
