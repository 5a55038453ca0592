"""A caller who would rather have JSON gets it; everybody else gets the usual."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.accepts import prefers

JSON, EVENTS = "application/json", "text/event-stream"


@pytest.mark.parametrize(
    "accept",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/json, text/plain, */*",
        "application/json, text/event-stream",
        "text/event-stream;q=0.5, application/json",
        "text/event-stream; q=0, application/json;q=0.1",
    ],
)
def test_json_is_preferred(accept: str) -> None:
    assert prefers(accept.encode(), JSON, EVENTS)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/event-stream",
        "text/event-stream, application/json",
        "application/json;q=0.9, text/event-stream",
        "application/json;q=0",
        "text/html,application/xhtml+xml,*/*;q=0.8",
        ";;;,,,q=1",
    ],
)
def test_the_usual_is_as_good(accept: str) -> None:
    assert not prefers(accept.encode(), JSON, EVENTS)


def test_without_a_header_it_is_the_usual() -> None:
    assert not prefers(None, JSON, EVENTS)


@given(st.binary())
def test_no_header_is_an_error(accept: bytes) -> None:
    assert prefers(accept, JSON, EVENTS) in (True, False)
