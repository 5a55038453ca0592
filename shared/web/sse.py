"""Server-sent events as bytes, and the Stream that carries them.

The format is the HTML standard's, https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from .messages import Header, Stream

EVENT_STREAM = b"text/event-stream; charset=utf-8"
# Proxies that gather an answer before they pass it on would hold events back.
_UNBUFFERED: tuple[Header, ...] = ((b"x-accel-buffering", b"no"),)
_LINE_ENDS = ("\r", "\n", "\x00")


def encode_event(
    event: str, data: bytes, *, event_id: str | None = None, retry_ms: int | None = None
) -> bytes:
    """One event. `data` is one line (compact JSON, or a word); with `retry_ms`, when to come back.

    Raises ValueError for a name or id that would break the format.
    """
    if any(end in text for text in (event, event_id or "") for end in _LINE_ENDS):
        raise ValueError("a line end in the name or id of an event")
    if b"\n" in data or b"\r" in data:
        raise ValueError("a line end in the data of an event")
    lines = [b"event: " + event.encode()]
    if event_id is not None:
        lines.append(b"id: " + event_id.encode())
    if retry_ms is not None:
        lines.append(b"retry: %d" % retry_ms)
    return b"\n".join([*lines, b"data: " + data, b"", b""])


def encode_comment(text: str = "") -> bytes:
    """A line that clients ignore: it keeps the connection from looking idle."""
    return b": " + text.encode().replace(b"\n", b" ").replace(b"\r", b" ") + b"\n\n"


def event_stream(events: AsyncGenerator[bytes, None]) -> Stream:
    """The answer that sends the encoded events as they come."""
    return Stream(events, media_type=EVENT_STREAM, headers=_UNBUFFERED)
