"""Server-sent events are read as the HTML standard says, however their bytes are cut."""

import re
from itertools import pairwise

import pytest
from httpx_sse._decoders import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

from shared.terminal.events import MOST_BYTES, EventParser, ServerEvent
from shared.web.sse import encode_comment, encode_event


def parsed(*chunks: bytes, last_id: str = "") -> list[ServerEvent]:
    parser = EventParser(last_id)
    return [event for chunk in chunks for event in parser.feed(chunk)]


def test_what_the_server_encodes_is_read_back() -> None:
    encoded = encode_event("fragment", b'{"a":1}', event_id="v1.2", retry_ms=1500)
    parser = EventParser()

    assert list(parser.feed(encoded)) == [ServerEvent("fragment", '{"a":1}', "v1.2")]
    assert parser.retry_ms == 1500


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        # The examples of the standard.
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("message", "YHOO\n+2\n10", "")]),
        (
            b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            [
                ("message", "first event", "1"),
                ("message", "second event", ""),
                ("message", " third event", ""),
            ],
        ),
        (b"data\n\ndata\ndata\n\ndata:", [("message", "", ""), ("message", "\n", "")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test", ""), ("message", "test", "")]),
        # And what it says beside them.
        (b"event: add\ndata: 1\n\ndata: 2\n\n", [("add", "1", ""), ("message", "2", "")]),
        (b"event: add\n\ndata: 1\n\n", [("message", "1", "")]),
        (b"id: 7\n\ndata: 1\n\n", [("message", "1", "7")]),
        (b"id: 7\ndata: 1\n\nid: a\0b\ndata: 2\n\n", [("message", "1", "7"), ("message", "2", "7")]),
        (b"data: 1\r\rdata: 2\r\n\r\n", [("message", "1", ""), ("message", "2", "")]),
        (b"\xef\xbb\xbfdata: 1\n\n", [("message", "1", "")]),
        (b"unknown: 1\n Data: 2\n\n", []),
        (b"data: \xff\n\n", [("message", "�", "")]),
        (b"data: never ended\n", []),
    ],
)
def test_events_are_those_of_the_standard(stream: bytes, events: list[tuple[str, str, str]]) -> None:
    assert parsed(stream) == events


def test_the_id_of_the_connection_is_that_of_events_without_one() -> None:
    assert parsed(b"data: 1\n\n", last_id="before") == [("message", "1", "before")]


@pytest.mark.parametrize("text", ["soon", "-1", "1.5", "", "٣", "9" * 40])
def test_a_retry_that_is_no_time_is_ignored(text: str) -> None:
    parser = EventParser()
    list(parser.feed(f"retry: {text}\n\n".encode()))

    assert parser.retry_ms is None


FIELDS = st.sampled_from([b"data", b"event", b"id", b"retry", b"", b"other"])
VALUES = st.text(st.sampled_from("ab :0é界\0﻿"), max_size=4)
LINES = st.one_of(
    st.just(b""), st.builds(lambda name, value: name + b":" + value.encode(), FIELDS, VALUES), FIELDS
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r", b"\r\n"])), max_size=20).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(STREAMS, st.lists(st.integers(0, 200)))
def test_it_does_not_matter_where_the_bytes_are_cut(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[start:end] for start, end in pairwise(places)]

    assert parsed(*pieces) == parsed(stream)
    assert parsed(*(bytes([byte]) for byte in stream)) == parsed(stream)


@given(STREAMS)
def test_events_are_those_of_another_reader(stream: bytes) -> None:
    decoder, others = SSEDecoder(), []
    # That one knows no mark at the beginning, gives events without data out, and keeps no invalid id.
    for line in re.split(r"\r\n|\r|\n", stream.removeprefix(b"\xef\xbb\xbf").decode())[:-1]:
        had_data = bool(decoder._data)
        event = decoder.decode(line)
        if event is not None and had_data:
            others.append((event.event, event.data, event.id))

    assert parsed(stream) == others


@given(st.lists(st.tuples(st.sampled_from(["price", "end"]), st.text("ab{}é", min_size=0)), max_size=5))
def test_encoding_and_reading_are_a_pair(events: list[tuple[str, str]]) -> None:
    encoded = b"".join(encode_event(name, data.encode()) + encode_comment("alive") for name, data in events)

    assert [(event.name, event.data) for event in parsed(encoded)] == events


def test_an_event_without_an_end_is_given_up() -> None:
    parser = EventParser()
    list(parser.feed(b"data: " + b"x" * (MOST_BYTES - 100)))
    with pytest.raises(ValueError, match="more than 16,000,000 bytes"):
        list(parser.feed(b"x" * 100))


def test_many_small_events_are_no_large_one() -> None:
    parser = EventParser()

    assert sum(1 for _ in range(20) for _ in parser.feed(b"data: " + b"x" * 1_000_000 + b"\n\n")) == 20
