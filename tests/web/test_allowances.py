"""What counts against whose allowance where there is no route to say so: wrong paths, methods and OPTIONS."""

from __future__ import annotations

import pytest

from shared.web.app import App, Conduct
from shared.web.cors import Cors
from shared.web.limits import RateLimiter
from tests.web.serving import PATH, ask, make_app, quiet

PAGE = "https://app.example"
ASKS = {"Access-Control-Request-Method": "GET"}


def brief() -> App[str]:
    """An app whose callers may ask twice a minute."""
    return make_app(conduct=Conduct(limiter=RateLimiter(2, lambda: 0.0), log=quiet(), cors=Cors([PAGE])))


@pytest.mark.parametrize(
    ("method", "url", "headers", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("PUT", PATH, {}, 405),
        ("OPTIONS", PATH, {}, 204),
        ("OPTIONS", "/nowhere", {}, 404),
        ("OPTIONS", PATH, {**ASKS, "Origin": "https://evil.example"}, 204),
        ("OPTIONS", PATH, {"Origin": PAGE}, 204),
    ],
)
async def test_what_has_no_route_counts_against_the_address(
    method: str, url: str, headers: dict[str, str], status: int
) -> None:
    app = brief()
    answers = [await ask(app, method, url, headers=headers) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [status, status, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].headers["retry-after"] == "30"


async def test_leave_that_a_browser_asks_for_a_page_of_ours_is_never_refused() -> None:
    app = brief()
    statuses = [(await ask(app, "GET", "/nowhere")).status_code for _ in range(3)]
    preflights = [await ask(app, "OPTIONS", headers={**ASKS, "Origin": PAGE}) for _ in range(3)]

    assert statuses == [404, 404, 429]
    assert {answer.status_code for answer in preflights} == {204}
    assert {answer.headers["access-control-allow-origin"] for answer in preflights} == {PAGE}


async def test_a_page_may_read_that_it_asked_too_often() -> None:
    app = brief()
    answers = [await ask(app, "GET", "/nowhere", headers={"Origin": PAGE}) for _ in range(3)]

    assert answers[2].status_code == 429
    assert answers[2].headers["access-control-allow-origin"] == PAGE
