"""Events as the HTML standard writes them."""

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.sse import EVENT_STREAM, encode_comment, encode_event, event_stream


def test_an_event_has_its_name_and_its_data() -> None:
    assert encode_event("end", b"end") == b"event: end\ndata: end\n\n"


def test_an_id_and_the_time_to_come_back_stand_before_the_data() -> None:
    event = encode_event("heartbeat", b"{}", event_id="v1.7", retry_ms=2000)

    assert event == b"event: heartbeat\nid: v1.7\nretry: 2000\ndata: {}\n\n"


@pytest.mark.parametrize("end", ["\n", "\r", "\x00"])
def test_a_line_end_in_a_name_or_id_is_refused(end: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        encode_event(f"a{end}b", b"")
    with pytest.raises(ValueError, match="line end"):
        encode_event("a", b"", event_id=f"1{end}2")


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_line_end_in_the_data_is_refused(end: bytes) -> None:
    with pytest.raises(ValueError, match="line end"):
        encode_event("a", b"{" + end + b"}")


@given(st.text())
def test_a_comment_is_one_line_whatever_it_says(text: str) -> None:
    comment = encode_comment(text.encode(errors="replace").decode())

    assert comment.startswith(b": ")
    assert comment.endswith(b"\n\n")
    assert b"\n" not in comment[:-2]
    assert b"\r" not in comment


async def test_the_stream_is_not_to_be_gathered_on_its_way() -> None:
    async def events() -> AsyncGenerator[bytes, None]:
        yield b""

    headers = dict(event_stream(events()).headers)

    assert headers[b"content-type"] == EVENT_STREAM
    assert headers[b"x-accel-buffering"] == b"no"
    assert b"content-length" not in headers
