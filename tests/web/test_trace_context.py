"""The headers by which a caller says which trace it is in."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.spans import SpanPlace
from shared.web.trace_context import TraceContext, format_traceparent, parse_trace_context

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
PLACE = SpanPlace(int(TRACE, 16), int(SPAN, 16))


@pytest.mark.parametrize(("flags", "sampled"), [("01", True), ("00", False), ("03", True)])
def test_the_w3c_header_is_read(flags: str, sampled: bool) -> None:
    header = f"00-{TRACE}-{SPAN}-{flags}".encode()

    assert parse_trace_context(header, None) == TraceContext(PLACE, sampled)


@pytest.mark.parametrize(
    ("header", "place", "sampled"),
    [
        (f"{TRACE}/{PLACE.span_id};o=1", PLACE, True),
        (f"{TRACE}/{PLACE.span_id};o=0", PLACE, False),
        (f"{TRACE}/{PLACE.span_id}", PLACE, None),
        (TRACE, SpanPlace(PLACE.trace_id, 0), None),
        (f"{TRACE}/{PLACE.span_id};o=255", PLACE, True),
    ],
)
def test_googles_header_is_read(header: str, place: SpanPlace, sampled: bool | None) -> None:
    assert parse_trace_context(None, header.encode()) == TraceContext(place, sampled)


def test_the_w3c_header_goes_before_googles() -> None:
    found = parse_trace_context(f"00-{TRACE}-{SPAN}-01".encode(), b"0" * 31 + b"1/5;o=0")

    assert found == TraceContext(PLACE, True)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
    ],
)
def test_what_the_standard_calls_invalid_starts_no_trace(header: str) -> None:
    assert parse_trace_context(header.encode(), None) is None


@given(st.binary(max_size=80), st.binary(max_size=80))
@example(b"", f"{TRACE}/1;o={'1' * 5000}".encode())
@example(b"", f"{TRACE}/{'1' * 5000}".encode())
def test_any_header_is_borne(w3c: bytes, google: bytes) -> None:
    found = parse_trace_context(w3c, google)

    assert found is None or 0 < found.place.trace_id < 2**128


@given(st.integers(1, 2**128 - 1), st.integers(1, 2**64 - 1))
def test_what_is_handed_on_is_read_back(trace_id: int, span_id: int) -> None:
    place = SpanPlace(trace_id, span_id)

    assert parse_trace_context(format_traceparent(place).encode(), None) == TraceContext(place, True)
