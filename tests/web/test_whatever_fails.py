"""Whatever a header holds and whatever fails around an endpoint: answered as anything else, and counted."""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping
from typing import Any, NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.spans import Span
from shared.web.app import App, Conduct
from shared.web.auth import SessionOrToken
from shared.web.cors import Cors
from shared.web.limits import RateLimiter
from shared.web.log import RequestLog
from shared.web.messages import Request, Response, Route
from shared.web.metrics import Metrics
from shared.web.sessions import SessionTokens
from shared.web.tracer import Tracer
from tests.web.serving import PATH, echo, quiet
from tests.web.tokens import Issuer, rsa_jwk, verifier

NAMES = (
    *(
        b"authorization",
        b"x-cloud-trace-context",
        b"traceparent",
        b"x-forwarded-for",
        b"x-request-id",
        b"host",
    ),
    *(b"if-none-match", b"origin", b"access-control-request-method", b"content-length", b"transfer-encoding"),
)
SECURITY = {b"x-content-type-options", b"referrer-policy", b"content-security-policy", b"x-request-id"}
OVERLONG = (b"x-cloud-trace-context", b"a" * 32 + b"/1;o=" + b"1" * 5000)
named = st.tuples(st.one_of(st.sampled_from(NAMES), st.binary(max_size=20)), st.binary(max_size=200))
bearers = st.tuples(st.just(b"authorization"), st.binary(max_size=100).map(lambda text: b"Bearer " + text))


async def tagged(_context: str, _request: Request) -> Response:
    return Response(200, b"{}", cache_control=b"private, no-cache", reusable_until=2000.0)


def strict(**more: Any) -> Conduct:
    """As deployed, with everything that reads headers."""
    sessions = SessionTokens(b"k" * 32, ("app.example",), lambda: 1000.0)
    plain: dict[str, Any] = {
        "auth": SessionOrToken(sessions, verifier(Issuer(rsa_jwk("a"))), "eip155:"),
        "limiter": RateLimiter(1_000_000),
        "cors": Cors(["https://app.example"]),
        "log": RequestLog("INFO", lambda line: None),
        "tracer": Tracer(lambda span: None, 0.5),
        "clock": lambda: 1000.0,
        "deployed": True,
    }
    return Conduct(**{**plain, **more})


def app_of(conduct: Conduct) -> App[str]:
    routes = [Route("GET", PATH, tagged, "things"), Route("POST", PATH, echo, "things", private=True)]
    return App("things", routes, lambda: "it", conduct)


class Caller:
    """Sends one request, and remembers what came back; `fails` raises in place of taking a message."""

    def __init__(self, fails: Callable[[], None] = lambda: None) -> None:
        self.messages: list[MutableMapping[str, Any]] = []
        self._fails = fails

    async def receive(self) -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self._fails()
        self.messages.append(message)

    async def call(self, app: App[str], headers: list[tuple[bytes, bytes]], method: str) -> None:
        scope = {"type": "http", "method": method, "path": PATH, "query_string": b"", "headers": headers}
        await app({**scope, "client": ("203.0.113.7", 4321)}, self.receive, self.send)

    async def ask(self, app: App[str], headers: list[tuple[bytes, bytes]], method: str = "GET") -> int:
        """The status of the one whole answer, whose headers are as they have to be."""
        await self.call(app, headers, method)
        start, *bodies = self.messages
        assert start["type"] == "http.response.start"
        assert {body["type"] for body in bodies} == {"http.response.body"}
        assert [body.get("more_body", False) for body in bodies][-1] is False
        assert {name for name, _ in start["headers"]} >= SECURITY
        return int(start["status"])


def counted(metrics: Metrics) -> dict[int, int]:
    """How many answers of each status."""
    lines = metrics.page(()).decode().splitlines()
    counts = [line for line in lines if line.startswith("http_request_duration_seconds_count")]
    return {int(line.split('status="')[1][:3]): int(float(line.split()[-1])) for line in counts}


@given(st.sampled_from(["GET", "POST", "OPTIONS", "PUT"]), st.lists(st.one_of(named, bearers), max_size=6))
@example("GET", [OVERLONG])
@example("POST", [OVERLONG])
@example("GET", [(b"if-none-match", b'"' * 10_000)])
@example("POST", [(b"content-length", b"9" * 5000)])
async def test_any_bytes_in_any_header_are_answered_and_counted_once(
    method: str, headers: list[tuple[bytes, bytes]]
) -> None:
    metrics = Metrics()
    status = await Caller().ask(app_of(strict(metrics=metrics)), headers, method)

    assert status < 500
    assert counted(metrics) == {status: 1}


class Broken(Tracer):
    def request(self, request: Request) -> NoReturn:
        raise ValueError("secret")


class BrokenCors(Cors):
    def headers(self, request: Request) -> tuple[tuple[bytes, bytes], ...]:
        """Fails the first time."""
        if request.allowance is not None:
            request.allowance = None
            raise ValueError("secret")
        return ()


def no_time() -> float:
    raise ValueError("secret")


@pytest.mark.parametrize(
    "broken",
    [{"tracer": Broken()}, {"cors": BrokenCors(())}, {"clock": no_time}],
    ids=lambda each: next(iter(each)),
)
async def test_what_fails_around_an_endpoint_is_a_500_problem(
    broken: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    metrics, lines, caller = Metrics(), list[str](), Caller()
    app = app_of(strict(**broken, metrics=metrics, log=RequestLog("INFO", lines.append)))

    assert await caller.ask(app, [(b"x-request-id", b"r-1")]) == 500
    problem = json.loads(caller.messages[1]["body"])
    assert (problem["status"], problem["request_id"]) == (500, "r-1")
    assert "secret" not in str(problem)
    assert counted(metrics) == {500: 1}
    assert json.loads(lines[0])["request_id"] == "r-1"
    assert "ValueError" in caplog.text


async def test_spans_that_cannot_be_handed_on_cost_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    def finish(span: Span) -> None:
        if span.kind == "server":
            raise RuntimeError("can't start new thread")

    metrics = Metrics()
    app = app_of(strict(tracer=Tracer(finish, 1), metrics=metrics))

    assert await Caller().ask(app, []) == 200
    assert counted(metrics) == {200: 1}
    assert "RuntimeError" in caplog.text


async def test_a_request_that_cannot_be_logged_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    def write(line: str) -> None:
        raise BrokenPipeError

    metrics = Metrics()
    app = app_of(strict(log=RequestLog("INFO", write), metrics=metrics))

    assert await Caller().ask(app, []) == 200
    assert counted(metrics) == {200: 1}
    assert "BrokenPipeError" in caplog.text


async def test_a_caller_who_cannot_be_told_anything_is_counted_and_not_told_twice() -> None:
    def fails() -> None:
        tries.append(1)
        raise OSError

    metrics, tries = Metrics(), list[int]()
    app = app_of(Conduct(metrics=metrics, log=quiet()))
    await Caller(fails).call(app, [], "GET")

    assert len(tries) == 1
    assert counted(metrics) == {200: 1}
