"""Our spans through OpenTelemetry's exporters: on the console, and over OTLP to a real listener."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.spans import Span, SpanPlace
from shared.telemetry.otel import open_exporter

SPAN = Span(
    "GET portfolio",
    "server",
    SpanPlace(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7),
    0x1122334455667788,
    1_700_000_000_000_000_000,
    1_700_000_000_250_000_000,
    {"http.response.status_code": 500},
    "500",
)


@contextmanager
def collector(status: int = 200) -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP endpoint on this machine, and what it was sent."""
    received: list[ExportTraceServiceRequest] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_span_arrives_at_an_otlp_endpoint_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as (url, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        exporter = open_exporter("otlp", "chainfolio-portfolio", "my-project")
        sent = exporter.export([SPAN])
        exporter.close()
    about = {a.key: a.value.string_value for a in received[0].resource_spans[0].resource.attributes}
    span = received[0].resource_spans[0].scope_spans[0].spans[0]

    assert sent
    assert about == {"service.name": "chainfolio-portfolio", "gcp.project_id": "my-project"}
    assert (span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()) == (
        "GET portfolio",
        "4bf92f3577b34da6a3ce929d0e0e4736",
        "00f067aa0ba902b7",
        "1122334455667788",
    )
    assert span.end_time_unix_nano - span.start_time_unix_nano == 250_000_000
    assert span.status.message == "500"


def test_an_endpoint_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector(status=400) as (url, _):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        exporter = open_exporter("otlp", "chainfolio", None)
        sent = exporter.export([SPAN])
        exporter.close()

    assert not sent


def test_on_a_laptop_spans_can_be_read_on_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    exporter = open_exporter("console", "chainfolio", None)
    exporter.export([SPAN])
    exporter.close()

    assert '"name": "GET portfolio"' in capsys.readouterr().err
