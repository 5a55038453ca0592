"""Which trace a request belongs to, by the headers that it came with.

`traceparent` is W3C Trace Context, https://www.w3.org/TR/trace-context/ ; Google's front end adds
`X-Cloud-Trace-Context: TRACE/SPAN;o=1`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..spans import SpanPlace

_W3C = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_GOOGLE = re.compile(rb"([0-9a-fA-F]{32})(?:/([0-9]{1,20}))?(?:;o=([0-9]{1,3}))?")


class TraceContext(NamedTuple):
    """The trace and span that a caller is in; `sampled` None: the caller left that open."""

    place: SpanPlace
    sampled: bool | None


def parse_trace_context(traceparent: bytes | None, google: bytes | None) -> TraceContext | None:
    """The caller's trace, if one of the headers names one properly."""
    return _parse_w3c(traceparent or b"") or _parse_google(google or b"")


def format_traceparent(place: SpanPlace) -> str:
    """The header that hands a sampled trace on."""
    return f"00-{place.trace_id:032x}-{place.span_id:016x}-01"


def _parse_w3c(header: bytes) -> TraceContext | None:
    found = _W3C.fullmatch(header)
    if found is None or found[1] == b"ff" or (found[1] == b"00" and found[5]):
        return None
    place = SpanPlace(int(found[2], 16), int(found[3], 16))
    if not place.trace_id or not place.span_id:
        return None
    return TraceContext(place, bool(int(found[4], 16) & 1))


def _parse_google(header: bytes) -> TraceContext | None:
    found = _GOOGLE.fullmatch(header)
    if found is None or not int(found[1], 16):
        return None
    span_id = int(found[2] or b"0") & (2**64 - 1)
    sampled = None if found[3] is None else bool(int(found[3]) & 1)
    return TraceContext(SpanPlace(int(found[1], 16), span_id), sampled)
