"""Answers of the real servers, good and bad: what headers they carry, and what browsers are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.guard.served import PAGE, Served, bearer, deployed, local, settings

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
ONLY_HTTPS = "max-age=31536000; includeSubDomains"
WALLETS = "/api/v1/wallets"
STREAM = "/v2/balances?addresses=0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
QUESTIONS: dict[int | str, tuple[str, str, dict[str, Any]]] = {
    200: (WALLETS, "GET", {"headers": bearer()}),
    "docs": ("/docs", "GET", {}),
    "openapi": ("/openapi.json", "GET", {}),
    "metrics": ("/metrics", "GET", {}),
    204: (WALLETS, "OPTIONS", {}),
    400: (f"{WALLETS}?odd=1", "GET", {"headers": bearer()}),
    401: (WALLETS, "GET", {}),
    404: ("/api/v1/nowhere", "GET", {}),
    405: (WALLETS, "PUT", {}),
    413: (WALLETS, "POST", {"headers": bearer(), "content": bytes(1024 * 1024 + 1)}),
    415: (WALLETS, "POST", {"headers": {**bearer(), "Content-Type": "text/plain"}, "content": b"{}"}),
    431: ("/healthz", "GET", {"headers": {"X-A": "a" * 70_000}}),
}


@pytest.fixture(scope="module")
def deployed_balances(keys: str) -> Iterator[Served]:
    """The function `balances`, whose callers may ask twice a minute."""
    with deployed("balances", {**settings(keys), "RATE_LIMIT_PER_MINUTE": "2"}) as server:
        yield server


@pytest.fixture(scope="module")
def brief_local(keys: str) -> Iterator[Served]:
    """The local server, whose callers may ask as little."""
    with local({**settings(keys), "RATE_LIMIT_PER_MINUTE": "2"}) as server:
        yield server


@pytest.fixture(params=["deployed_balances", "brief_local"])
def streaming(request: pytest.FixtureRequest) -> Served:
    """Each kind of server that serves streams."""
    server: Served = request.getfixturevalue(request.param)
    return server


def check(answer: httpx.Response, *, is_deployed: bool) -> None:
    assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers.get("strict-transport-security") == (ONLY_HTTPS if is_deployed else None)
    assert answer.headers["x-request-id"]
    assert answer.headers["cache-control"]


@pytest.mark.parametrize("named", QUESTIONS, ids=str)
def test_every_answer_carries_the_security_headers(served: Served, named: int | str) -> None:
    path, method, options = QUESTIONS[named]
    answer = served.ask(path, method, **options)

    assert answer.status_code == (named if isinstance(named, int) else 200)
    check(answer, is_deployed=served.deployed)


def test_streams_and_refusals_carry_them_too_and_say_what_is_left(streaming: Served) -> None:
    headers = {"X-Forwarded-For": "203.0.113.77"}
    answers = [streaming.ask(STREAM, headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0].headers["content-type"].startswith("text/event-stream")
    for answer in answers:
        check(answer, is_deployed=streaming.deployed)
        assert answer.headers["ratelimit-limit"] == "2"
        assert int(answer.headers["ratelimit-reset"]) > 0
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert 0 < int(answers[2].headers["retry-after"]) <= 60
    assert answers[2].headers["content-type"] == "application/problem+json"


def test_limited_answers_say_what_is_left_whatever_became_of_them(served: Served) -> None:
    for named in (200, 204, 400, 401, 404, 405, 413, 415):
        path, method, options = QUESTIONS[named]
        answer = served.ask(path, method, **options)

        assert answer.headers["ratelimit-limit"]
        assert "ratelimit-remaining" in answer.headers


def test_every_operation_says_what_the_guard_may_answer(local_server: Served) -> None:
    paths = local_server.ask("/openapi.json").json()["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]

    assert operations
    for operation in operations:
        assert operation["responses"].keys() >= {"400", "408", "413", "421", "431", "500", "504"}


@pytest.mark.parametrize(
    ("server", "method", "path", "header"),
    [
        ("deployed_wallets", "POST", "/api/v1/wallets", "Content-Type"),
        ("deployed_balances", "GET", "/api/v1/stream", "Last-Event-ID"),
        ("deployed_balances", "GET", "/v2/balances", "Authorization"),
        ("local_server", "PATCH", "/api/v1/trades/any", "Authorization"),
        ("local_server", "DELETE", "/api/v1/trades/any", "If-Match"),
        ("local_server", "POST", "/api/v1/trades", "Idempotency-Key"),
        ("local_server", "DELETE", "/api/v1/me", "Authorization"),
        ("local_server", "POST", "/api/v1/wallets", "Content-Type"),
        ("local_server", "GET", "/api/v1/stream", "Last-Event-ID"),
        ("local_server", "GET", "/v2/balances", "Authorization"),
    ],
)
def test_a_page_of_ours_may_ask_for_everything_and_no_other(
    request: pytest.FixtureRequest, server: str, method: str, path: str, header: str
) -> None:
    """A function that is deployed answers its own paths alone; the local server answers them all."""
    served: Served = request.getfixturevalue(server)
    asks = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": header.lower()}
    ours = served.ask(path, "OPTIONS", headers={"Origin": PAGE, **asks})
    theirs = served.ask(path, "OPTIONS", headers={"Origin": "https://evil.example", **asks})

    assert (ours.status_code, theirs.status_code) == (204, 204)
    assert ours.headers["access-control-allow-origin"] == PAGE
    assert method in ours.headers["access-control-allow-methods"].split(", ")
    assert header.lower() in ours.headers["access-control-allow-headers"].lower().split(", ")
    assert not {name for name in theirs.headers if name.startswith("access-control-")}
