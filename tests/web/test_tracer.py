"""Which requests are traced, and what their log lines say."""

from __future__ import annotations

import json
import logging

import pytest

from shared.spans import Span, span
from shared.web.app import App, Conduct
from shared.web.log import JsonLines, RequestLog
from shared.web.messages import Request, Response, json_response
from shared.web.tracer import Tracer
from tests.web.serving import ask, make_app

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


async def working(_context: str, _request: Request) -> Response:
    with span("store", "client"):
        logging.getLogger("working").warning("looked")
    return json_response(200, {})


def traced(sample: float = 1, chance: float = 0.5) -> tuple[App[str], list[Span], list[str]]:
    spans: list[Span] = []
    lines: list[str] = []
    tracer = Tracer(spans.append, sample, "my-project", chance=lambda: chance)
    conduct = Conduct(tracer=tracer, log=RequestLog("INFO", lines.append))
    return make_app(working, conduct), spans, lines


async def test_a_request_is_a_tree_of_spans() -> None:
    app, spans, _ = traced()
    await ask(app)
    store, endpoint, server = spans

    assert (store.name, endpoint.name, server.name) == ("store", "things GET /api/v1/things", "GET things")
    assert (store.parent_id, endpoint.parent_id) == (endpoint.place.span_id, server.place.span_id)
    assert server.attributes["http.response.status_code"] == 200


async def test_the_callers_trace_is_continued() -> None:
    app, spans, _ = traced(sample=1)
    await ask(app, headers={"traceparent": f"00-{TRACE}-{SPAN}-01"})

    assert {f"{each.place.trace_id:032x}" for each in spans} == {TRACE}
    assert f"{spans[-1].parent_id:016x}" == SPAN


@pytest.mark.parametrize(
    ("sample", "chance", "flag", "is_traced"),
    [
        (0.3, 0.29, None, True),
        (0.3, 0.3, None, False),
        (0.3, 0.29, "01", True),
        (0.3, 0.3, "01", False),
        (0, 0, "01", False),
        (1, 0, "00", False),
    ],
)
async def test_chance_decides_unless_the_caller_wants_no_trace(
    sample: float, chance: float, flag: str | None, is_traced: bool
) -> None:
    app, spans, _ = traced(sample, chance)
    await ask(app, headers={"traceparent": f"00-{TRACE}-{SPAN}-{flag}"} if flag else {})

    assert bool(spans) == is_traced


async def test_log_lines_name_the_trace_also_where_it_is_not_recorded() -> None:
    app, _, lines = traced(sample=0)
    await ask(app, headers={"x-cloud-trace-context": f"{TRACE}/{int(SPAN, 16)};o=0"})
    line = json.loads(lines[0])

    assert line["logging.googleapis.com/trace"] == f"projects/my-project/traces/{TRACE}"
    assert line["logging.googleapis.com/spanId"] == SPAN
    assert line["logging.googleapis.com/trace_sampled"] is False


async def test_every_line_of_a_request_says_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    app, spans, lines = traced()
    formatted: list[dict[str, object]] = []

    class Now(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            formatted.append(json.loads(JsonLines().format(record)))

    handler = Now()
    logging.getLogger("working").addHandler(handler)
    try:
        await ask(app, headers={"x-request-id": "r-1"})
    finally:
        logging.getLogger("working").removeHandler(handler)
    own, access = formatted[0], json.loads(lines[0])
    trace = f"projects/my-project/traces/{spans[0].place.trace_id:032x}"

    assert own["request_id"] == access["request_id"] == "r-1"
    assert own["function"] == access["function"] == "things"
    assert own["logging.googleapis.com/trace"] == access["logging.googleapis.com/trace"] == trace
    assert own["user"] == access["user"]
    assert own["user"] != "local"
