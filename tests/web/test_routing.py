"""From path and method to route, with open segments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import MethodNotAllowed, NotFound
from shared.web.messages import Request, Response, Route
from shared.web.routing import Router

BASE = "/api/v1/things"


async def nothing(_context: str, _request: Request) -> Response:
    return Response(204, b"")


def route(method: str, path: str) -> Route[str]:
    return Route(method, path, nothing, "things")


ROUTES = [
    route("GET", BASE),
    route("GET", f"{BASE}/{{id}}"),
    route("DELETE", f"{BASE}/{{id}}"),
    route("GET", f"{BASE}/export"),
    route("POST", f"{BASE}/{{id}}/parts/{{part}}"),
]


def found(path: str, method: str = "GET", base: str | None = None) -> tuple[str, dict[str, str]]:
    matched, params = Router(ROUTES, base).find(method, path)
    return matched.path, dict(params)


def test_an_open_segment_is_a_parameter() -> None:
    assert found(f"{BASE}/7") == (f"{BASE}/{{id}}", {"id": "7"})
    assert found(f"{BASE}/7/parts/x y", "POST")[1] == {"id": "7", "part": "x y"}


def test_a_path_without_open_segments_goes_first() -> None:
    assert found(f"{BASE}/export") == (f"{BASE}/export", {})
    with pytest.raises(MethodNotAllowed) as caught:
        found(f"{BASE}/export", "DELETE")
    assert caught.value.allow == ("GET", "HEAD", "OPTIONS")


@pytest.mark.parametrize(
    "path", [f"{BASE}/", f"{BASE}/7/", f"{BASE}/7/parts", f"{BASE}/7/parts/", "/", "", "//"]
)
def test_an_open_segment_is_never_empty(path: str) -> None:
    with pytest.raises(NotFound):
        found(path)


def test_a_function_answers_at_its_root_too() -> None:
    assert found("/7", base=BASE)[1] == {"id": "7"}
    assert found("/export", base=BASE)[1] == {}
    assert found("/", base=BASE)[0] == BASE


@given(st.text(st.characters(exclude_characters="/"), min_size=1).filter(lambda text: text != "export"))
def test_any_segment_comes_through_as_it_is(segment: str) -> None:
    assert found(f"{BASE}/{segment}")[1] == {"id": segment}


def test_two_routes_of_one_path_and_method_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two routes"):
        Router([ROUTES[1], ROUTES[1]])
