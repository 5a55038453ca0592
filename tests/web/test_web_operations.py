"""What an app says of itself: health, readiness, metrics, its document and its docs page."""

import json
from collections.abc import Sequence

import pytest

from shared.web.docs import POLICY, render_docs
from shared.web.messages import Json, Operation, Request, Route
from shared.web.metrics import Count, Gauge, Metrics
from shared.web.openapi import json_answer, openapi_document, problem_responses
from shared.web.operations import Dependency, Readiness
from tests.web.serving import PATH, echo

UP, DOWN = (
    Dependency("chain", "base", True),
    Dependency("chain", "ethereum", False, "no connection"),
)
PRICES_DOWN = Dependency("prices", "price sources", False, "llama: timeout")
NO_REQUEST = Request({"method": "GET", "path": "/readyz", "query_string": b"", "headers": [], "client": None})


class Probe:
    def __init__(self, *dependencies: Dependency) -> None:
        self.dependencies = dependencies
        self.count = 0

    async def __call__(self, context: str) -> Sequence[Dependency]:
        self.count += 1
        return self.dependencies


@pytest.mark.parametrize(
    ("dependencies", "status", "word"),
    [
        ((UP,), 200, "ready"),
        ((UP, DOWN), 200, "degraded"),
        ((DOWN,), 503, "unavailable"),
        ((UP, PRICES_DOWN), 503, "unavailable"),
        ((), 200, "ready"),
    ],
)
async def test_readiness_names_what_cannot_be_reached(
    dependencies: tuple[Dependency, ...], status: int, word: str
) -> None:
    answer = await Readiness(Probe(*dependencies), lambda: 0.0).get("", NO_REQUEST)
    body = json.loads(answer.body)

    assert (answer.status, body["status"]) == (status, word)
    missing = [d["name"] for d in body["dependencies"] if not d["reachable"]]
    assert missing == [d.name for d in dependencies if not d.reachable]


async def test_dependencies_are_probed_at_most_every_ten_seconds() -> None:
    now = [0.0]
    probe = Probe(UP)
    readiness = Readiness(probe, lambda: now[0])
    for now[0] in (0.0, 9.9, 10.0, 19.9):
        await readiness.get("", NO_REQUEST)

    assert probe.count == 2


def test_metrics_count_requests_and_show_gauges() -> None:
    metrics = Metrics()
    for seconds in (0.002, 0.2, 30.0):
        metrics.count("portfolio", "GET", 200, seconds)
    page = metrics.page(
        [Gauge("rpc_endpoint_up", "Up", (("chain", "base"), ("endpoint", 'h"ost')), 1.0)]
    ).decode()

    labels = 'function="portfolio",{}method="GET",status="200"'
    name = "http_request_duration_seconds"
    assert f"{name}_count{{{labels.format('')}}} 3.0" in page
    le = 'le="0.005",'
    assert f"{name}_bucket{{{labels.format(le)}}} 1.0" in page
    assert 'rpc_endpoint_up{chain="base",endpoint="h\\"ost"} 1.0' in page


def test_metrics_show_what_only_grows_as_counters() -> None:
    labels = [(("chain", "base"), ("state", "read")), (("chain", "ethereum"), ("state", "failed"))]
    page = Metrics().page([Count("parts_total", "Parts", each, 3) for each in labels]).decode()

    assert "# TYPE parts_total counter" in page
    assert page.count("# HELP parts_total Parts") == 1
    assert 'parts_total{chain="base",state="read"} 3.0' in page
    assert 'parts_total{chain="ethereum",state="failed"} 3.0' in page


def test_a_made_up_method_makes_no_series_of_its_own() -> None:
    metrics = Metrics()
    for method in ("BREW", "PROPFIND"):
        metrics.count("portfolio", method, 405, 0.001)

    assert 'method="other",status="405"} 2.0' in metrics.page([]).decode()


HOSTILE = "<script>alert(1)</script>"


def describe() -> Operation:
    description: Json = {
        "summary": HOSTILE,
        "description": f"First `{HOSTILE}`.\n\nSecond.",
        "parameters": [
            {
                "name": HOSTILE,
                "in": "query",
                "schema": {"type": "array", "items": {"type": HOSTILE}},
                "description": HOSTILE,
                "example": [HOSTILE, "more"],
            }
        ],
        "responses": {
            "200": json_answer(HOSTILE, "Thing", {"a": HOSTILE}),
            **problem_responses(400),
        },
    }
    choice = {"anyOf": [{"enum": [HOSTILE]}, {"$ref": f"#/{HOSTILE}"}], "description": HOSTILE}
    return Operation(description, {"Thing": {"properties": {HOSTILE: choice}}})


def document() -> Json:
    routes = [Route("GET", PATH, echo, "things", describe), Route("GET", "/hidden", echo, "things")]
    return openapi_document("Things", "About `things`.", routes)


def test_the_document_has_the_routes_that_describe_themselves() -> None:
    made = document()

    assert list(made["paths"]) == [PATH]
    assert set(made["components"]["schemas"]) == {"Problem", "Thing"}


def test_the_docs_page_escapes_everything() -> None:
    page = render_docs(document())

    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 8


def test_the_docs_page_shows_a_list_as_a_url_has_it() -> None:
    assert "alert(1)&lt;/script&gt;,more</code>" in render_docs(document())


def test_the_docs_page_loads_nothing_and_runs_nothing() -> None:
    page = render_docs(document())

    assert b"default-src 'none'" in POLICY
    assert b"unsafe" not in POLICY
    for word in ("http://", "https://", "src=", "<link", "@import", "url("):
        assert word not in page
