"""What happens around every endpoint: ids, problems, methods, bodies, conditional answers, reuse."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from shared.errors import InvalidInput, InvalidRequest, Unauthenticated, Unavailable
from shared.web.app import App, Conduct
from shared.web.cors import Cors
from shared.web.limits import RateLimiter
from shared.web.log import RequestLog
from shared.web.messages import MAX_BODY, Request, Response, Route
from tests.web.serving import PATH, ask, client_of, echo, make_app, quiet


@pytest.mark.parametrize("url", [PATH, "/"])
async def test_a_function_answers_at_its_canonical_path_and_at_its_root(url: str) -> None:
    answer = await ask(make_app(), url=url)

    assert answer.status_code == 200
    assert answer.json()["context"] == "the context"


async def test_an_app_without_a_base_has_nothing_at_its_root() -> None:
    app = App("local", [Route("GET", PATH, echo, "things")], lambda: "", Conduct(log=quiet()))

    assert (await ask(app, url="/")).status_code == 404


async def test_the_context_is_opened_once_and_not_before_the_first_request() -> None:
    opened: list[str] = []

    def open_context() -> str:
        opened.append("now")
        return "context"

    app = App("things", [Route("GET", PATH, echo, "things")], open_context, Conduct(log=quiet()))
    assert not opened
    await ask(app)
    await ask(app)

    assert opened == ["now"]


async def test_what_is_to_be_done_with_a_new_context_is_done_before_the_first_answer() -> None:
    contexts: list[str] = []

    async def opened(context: str) -> None:
        contexts.append(context)

    route = Route("GET", PATH, echo, "things")
    app = App("things", [route], lambda: "it", Conduct(log=quiet()), opened=opened)
    await ask(app)
    await ask(app)

    assert contexts == ["it"]


async def test_the_platforms_token_is_not_looked_at_where_it_says_who_may_call() -> None:
    class Nobody:
        async def user(self, authorization: bytes | None) -> str | None:
            raise Unauthenticated("the token is not valid")

        async def close(self) -> None:
            """Nothing is open."""

    routes = [
        Route("GET", PATH, echo, "things"),
        Route("POST", "/triggers/things", echo, "things", identified=False),
    ]
    app = App("things", routes, lambda: "it", Conduct(log=quiet(), auth=Nobody()))
    headers = {"authorization": "Bearer of-the-platform"}

    assert (await ask(app, headers=headers)).status_code == 401
    assert (await ask(app, "POST", "/triggers/things", headers=headers)).json()["user"] is None


async def test_an_unknown_path_is_a_404_problem() -> None:
    answer = await ask(make_app(), url="/nowhere?key=secret")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is nothing at this path; /docs lists what there is",
        "instance": "/nowhere",
        "request_id": answer.headers["x-request-id"],
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
async def test_a_method_that_a_path_does_not_have_is_405_with_allow(method: str) -> None:
    answer = await ask(make_app(), method)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_head_is_get_without_the_body() -> None:
    got, headed = await ask(make_app()), await ask(make_app(), "HEAD")

    assert headed.status_code == 200
    assert headed.content == b""
    assert headed.headers["content-length"] == got.headers["content-length"]


async def test_options_names_the_methods() -> None:
    answer = await ask(make_app(), "OPTIONS")

    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


async def test_a_request_id_is_taken_over_and_returned() -> None:
    answer = await ask(make_app(), headers={"X-Request-Id": "trace-42.a"})

    assert answer.headers["x-request-id"] == "trace-42.a"


@pytest.mark.parametrize("given", ["", "with space", 'quo"te', "x" * 129, "new\tline"])
async def test_a_request_id_that_is_no_plain_token_is_replaced(given: str) -> None:
    answer = await ask(make_app(), headers={"X-Request-Id": given})

    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"] != given


async def test_a_bug_is_a_500_that_says_nothing_of_the_cause(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(context: str, request: Request) -> Response:
        raise KeyError("https://rpc.example/secret-key")

    answer = await ask(make_app(broken))

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "KeyError" in caplog.text


async def test_all_faults_of_a_request_are_in_one_problem() -> None:
    async def refuse(context: str, request: Request) -> Response:
        raise InvalidRequest([InvalidInput("a", "is odd"), InvalidInput("b", "is even")])

    answer = await ask(make_app(refuse))

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "a", "message": "is odd"},
        {"field": "b", "message": "is even"},
    ]


async def test_what_cannot_be_answered_without_an_upstream_is_503() -> None:
    async def wait(context: str, request: Request) -> Response:
        raise Unavailable("Ethereum does not answer")

    answer = await ask(make_app(wait))

    assert (answer.status_code, answer.json()["title"]) == (503, "Service Unavailable")


async def test_errors_are_never_stored_and_all_answers_carry_the_security_headers() -> None:
    for answer in (await ask(make_app()), await ask(make_app(), url="/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"


async def test_a_body_reaches_the_endpoint() -> None:
    answer = await ask(make_app(method="POST"), "POST", content=b'{"a":1}')

    assert answer.json()["body"] == '{"a":1}'


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_body_over_a_mebibyte_is_413(method: str) -> None:
    answer = await ask(make_app(method=method), method, content=b"x" * (MAX_BODY + 1))

    assert answer.status_code == 413


async def test_a_body_of_unknown_length_is_cut_off_at_the_limit() -> None:
    async def parts() -> Any:
        for _ in range(17):
            yield b"x" * (MAX_BODY // 16)

    answer = await ask(make_app(method="POST"), "POST", content=parts())

    assert answer.status_code == 413


async def test_a_body_of_exactly_a_mebibyte_is_accepted() -> None:
    assert (await ask(make_app(method="POST"), "POST", content=b"x" * MAX_BODY)).status_code == 200


async def tagged(context: str, request: Request) -> Response:
    return Response(200, b'{"same":true}', cache_control=b"private, no-cache")


async def test_an_answer_that_the_caller_has_is_304_without_a_body() -> None:
    first = await ask(make_app(tagged))
    again = await ask(make_app(tagged), headers={"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, no-cache"
    assert "content-type" not in again.headers


async def test_another_tag_gets_the_whole_answer() -> None:
    assert (await ask(make_app(tagged), headers={"If-None-Match": '"other"'})).status_code == 200


class Counted:
    """An endpoint that counts its calls and says until when its answer holds."""

    def __init__(self, until: float | None) -> None:
        self.calls = 0
        self.until = until

    async def __call__(self, context: str, request: Request) -> Response:
        self.calls += 1
        body = str(self.calls).encode()
        return Response(200, body, cache_control=b"private, no-cache", reusable_until=self.until)


async def test_an_answer_serves_the_same_question_until_its_time_is_over() -> None:
    now = [1000.0]
    endpoint = Counted(1010.0)
    app = make_app(endpoint, Conduct(log=quiet(), clock=lambda: now[0]))

    first = await ask(app, url=f"{PATH}?a=1")
    now[0] = 1009.5
    second = await ask(app, url=f"{PATH}?a=1")
    now[0] = 1010.0
    third = await ask(app, url=f"{PATH}?a=1")

    assert [a.text for a in (first, second, third)] == ["1", "1", "2"]
    assert first.headers["cache-control"] == "private, max-age=10"
    assert second.headers["cache-control"] == "private, max-age=0"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_another_question_or_an_answer_that_does_not_hold_is_asked_anew() -> None:
    holding, passing = Counted(2000.0), Counted(None)
    for endpoint, urls in ((holding, ("?a=1", "?a=2")), (passing, ("?a=1", "?a=1"))):
        app = make_app(endpoint, Conduct(log=quiet(), clock=lambda: 1000.0))
        for url in urls:
            await ask(app, url=PATH + url)

        assert endpoint.calls == 2


async def test_a_caller_beyond_the_limit_is_429_and_told_when_to_come_back() -> None:
    app = make_app(conduct=Conduct(log=quiet(), limiter=RateLimiter(2, lambda: 0.0)))

    answers = [await ask(app) for _ in range(3)]

    assert [a.status_code for a in answers] == [200, 200, 429]
    assert [a.headers["ratelimit-remaining"] for a in answers] == ["1", "0", "0"]
    assert answers[2].headers["ratelimit-limit"] == "2"
    assert answers[2].headers["ratelimit-reset"] == "60"
    assert answers[2].headers["retry-after"] == "30"


class Nobody:
    """Knows no caller."""

    async def user(self, authorization: bytes | None) -> None:
        return None

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_forwarded_address_counts_only_where_a_front_end_wrote_it() -> None:
    def headers(number: int) -> dict[str, str]:
        return {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.9"}

    for deployed in (False, True):
        limiter = RateLimiter(1, lambda: 0.0)
        app = make_app(conduct=Conduct(Nobody(), limiter, log=quiet(), deployed=deployed))
        statuses = [(await ask(app, headers=headers(number))).status_code for number in range(2)]

        assert statuses == [200, 429]


async def test_callers_behind_one_load_balancer_have_an_allowance_each() -> None:
    conduct = Conduct(Nobody(), RateLimiter(1, lambda: 0.0), log=quiet(), deployed=True, trusted_hops=2)
    app = make_app(conduct=conduct)
    callers = ("1.1.1.1, 198.51.100.1", "1.1.1.1, 198.51.100.2", "2.2.2.2, 198.51.100.1")
    headers = [{"X-Forwarded-For": f"{before}, 203.0.113.9"} for before in callers]

    assert [(await ask(app, headers=each)).status_code for each in headers] == [200, 200, 429]


async def test_pages_of_configured_origins_may_read_answers() -> None:
    app = make_app(conduct=Conduct(log=quiet(), cors=Cors(["https://app.example"])))
    ours = await ask(app, headers={"Origin": "https://app.example"})
    theirs = await ask(app, headers={"Origin": "https://evil.example"})

    assert ours.headers["access-control-allow-origin"] == "https://app.example"
    assert "access-control-allow-origin" not in theirs.headers
    assert ours.headers["vary"] == theirs.headers["vary"] == "Origin"


async def test_a_preflight_of_a_configured_origin_is_granted() -> None:
    app = make_app(conduct=Conduct(log=quiet(), cors=Cors(["https://app.example"])))
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    answer = await ask(app, "OPTIONS", headers=asks)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert "Authorization" in answer.headers["access-control-allow-headers"]


async def test_one_line_is_logged_for_each_request_without_its_query() -> None:
    lines: list[str] = []
    app = make_app(conduct=Conduct(log=RequestLog("INFO", lines.append)))
    answer = await ask(app, url=f"{PATH}?address=0xabc&key=secret")

    (line,) = lines
    logged = json.loads(line)
    assert line.endswith("\n")
    assert "secret" not in line
    assert logged["severity"] == "INFO"
    assert logged["function"] == "things"
    assert logged["request_id"] == answer.headers["x-request-id"]
    assert logged["httpRequest"]["requestUrl"] == PATH
    assert logged["httpRequest"]["status"] == 200


async def test_a_path_cannot_forge_a_log_line() -> None:
    lines: list[str] = []
    app = make_app(conduct=Conduct(log=RequestLog("INFO", lines.append)))
    await ask(app, url='/%0A{"severity":"FAKE"}"')

    (line,) = lines
    assert line.count("\n") == 1
    assert json.loads(line)["severity"] == "WARNING"


async def test_below_the_log_level_nothing_is_written() -> None:
    lines: list[str] = []
    await ask(make_app(conduct=Conduct(log=RequestLog("WARNING", lines.append))))

    assert not lines


async def test_the_context_is_closed_when_the_server_ends() -> None:
    closed: list[str] = []

    async def close(context: str) -> None:
        closed.append(context)

    app = App("x", [Route("GET", PATH, echo, "x")], lambda: "it", Conduct(log=quiet()), close_context=close)
    await ask(app)
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "lifespan"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)

    assert closed == ["it"]
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_requests_at_the_same_time_keep_their_own_ids() -> None:
    async with client_of(make_app()) as client:
        ids = [(await client.get(PATH)).headers["x-request-id"] for _ in range(20)]

    assert len(set(ids)) == 20
