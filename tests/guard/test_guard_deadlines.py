"""Deadlines: what takes too long is given up and tidied up, and who is slow is not waited for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.local import load_apps
from shared.errors import PayloadTooLarge, RequestTimeout
from shared.web.app import App, Conduct
from shared.web.limits import discard_rest, read_body
from shared.web.messages import Request, Response, Route, Stream, json_response
from tests.web.serving import PATH, ask, quiet

FUNCTIONS = (Path(__file__).parent.parent.parent / "infra" / "terraform" / "functions.tf").read_text()
# How long the platform lets each function take, where that is not the minute of the others.
PLATFORM_SECONDS = {
    name: int(found[1])
    for name, settings in re.findall(r"^    (\w+) = \{\n(.*?)^    \}", FUNCTIONS, re.MULTILINE | re.DOTALL)
    if (found := re.search(r"^ +timeout += (\d+)$", settings, re.MULTILINE))
}


class Slow:
    """An endpoint that never comes to an end, and says that it was stopped."""

    def __init__(self) -> None:
        self.stopped = False

    async def __call__(self, context: str, request: Request) -> Response:
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped = True
        return json_response(200, {})


class Silent:
    """A caller who sends these parts and then no more, without ending the body."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)

    async def __call__(self) -> MutableMapping[str, Any]:
        if not self.parts:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": self.parts.pop(0), "more_body": True}


def app_of(endpoint: Any, **options: Any) -> App[str]:
    route: Route[str] = Route("GET", PATH, endpoint, "things", **options)
    return App("things", [route], lambda: "it", Conduct(log=quiet()))


async def test_an_answer_that_takes_too_long_is_given_up_and_stopped() -> None:
    endpoint = Slow()
    async with asyncio.timeout(5):
        answer = await ask(app_of(endpoint, seconds=0.01))

    assert (answer.status_code, answer.json()["title"]) == (504, "Gateway Timeout")
    assert answer.headers["content-type"] == "application/problem+json"
    assert endpoint.stopped


async def test_a_time_out_of_an_endpoints_own_is_no_deadline(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(context: str, request: Request) -> Response:
        raise TimeoutError

    assert (await ask(app_of(broken, seconds=5))).status_code == 500


@pytest.mark.parametrize("options", [{"streaming": True, "seconds": 0.0}, {"seconds": None}], ids=str)
async def test_what_streams_or_may_take_its_time_has_no_deadline(options: dict[str, Any]) -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"1"
        await asyncio.sleep(0)
        yield b"2"

    async def stream(context: str, request: Request) -> Response:
        await asyncio.sleep(0)
        return Stream(chunks(), media_type=b"text/plain")

    assert (await ask(app_of(stream, **options))).text == "12"


async def test_the_sending_of_a_stream_is_not_within_the_deadline() -> None:
    ended = asyncio.Event()

    async def chunks() -> AsyncGenerator[bytes, None]:
        yield b"1"
        async with asyncio.timeout(0.05):
            try:
                await ended.wait()
            except asyncio.CancelledError:
                ended.set()
        yield b"2"

    async def stream(context: str, request: Request) -> Response:
        return Stream(chunks(), media_type=b"text/plain")

    asyncio.get_running_loop().call_later(0.03, ended.set)

    assert (await ask(app_of(stream, seconds=0.01))).text == "12"


async def test_a_body_that_does_not_come_in_time_is_408() -> None:
    with pytest.raises(RequestTimeout, match=r"within 0\.01 s"):
        async with asyncio.timeout(5):
            await read_body(b"9", Silent(b"1", b"2"), 10, 0.01)


async def test_a_body_that_is_too_long_is_so_however_slowly_it_comes() -> None:
    with pytest.raises(PayloadTooLarge):
        await read_body(None, Silent(b"12345", b"67890", b"1"), 10, 5)


@pytest.mark.parametrize("parts", [(), (b"a",), (b"a" * 9, b"b" * 9, b"c")], ids=len)
async def test_the_rest_of_a_body_is_not_waited_for_beyond_a_bound(parts: tuple[bytes, ...]) -> None:
    caller = Silent(*parts)
    await discard_rest(caller, 10, 0.01)

    assert len(caller.parts) == (1 if len(parts) == 3 else 0)


async def test_a_caller_who_still_sends_has_the_answer_before_the_connection_is_closed() -> None:
    happened: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        happened.append("read")
        return {"type": "http.request", "body": b"x", "more_body": happened.count("read") < 2}

    async def send(message: MutableMapping[str, Any]) -> None:
        more = message.get("more_body", False)
        happened.append("begun" if "status" in message else "answered" if more else "ended")

    headers = [(b"content-length", b"2")]
    scope = {"type": "http", "method": "POST", "path": "/no", "query_string": b"", "headers": headers}
    await app_of(Slow())(scope, receive, send)

    assert happened == ["begun", "answered", "read", "read", "ended"]


@pytest.mark.parametrize("app", load_apps(), ids=lambda app: app.name)
def test_every_answer_has_a_bound_that_is_below_the_platforms(app: App[Any]) -> None:
    """Those that stream are bounded by how long a stream may live, or by what there is to be sent."""
    platform = PLATFORM_SECONDS.get(app.name, 60)
    unbounded = {route.path for route in app.routes if route.seconds is None and not route.streaming}
    bounds = {route.path: route.seconds for route in app.routes if route.seconds and not route.streaming}

    assert unbounded <= {"/api/v1/me/export"}
    assert all(seconds < platform for seconds in bounds.values())


def test_an_erasure_is_given_the_time_that_it_takes() -> None:
    routes = [route for app in load_apps() for route in app.routes if route.path == "/api/v1/me"]

    assert [route.method for route in routes] == ["DELETE"]
    assert (routes[0].seconds or 0) > 60


def test_a_file_is_given_the_time_to_come_and_to_be_kept() -> None:
    (route,) = (r for app in load_apps() for r in app.routes if r.path == "/api/v1/trades/import")

    assert route.body_seconds >= 300
    assert route.body_seconds + (route.seconds or 0) <= PLATFORM_SECONDS["trades"]


def test_a_route_has_a_deadline_unless_it_says_otherwise() -> None:
    plain: Route[str] = Route("GET", PATH, Slow(), "things")

    assert (plain.seconds, plain.body_seconds) == (55, 15)
    assert replace(plain, seconds=None).seconds is None
