"""Server-sent events out of the bytes that carry them, as a browser reads them.

The rules are the HTML standard's, https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
MOST_BYTES = 16_000_000
"""Of one event: a server sends less in a whole stream."""


class ServerEvent(NamedTuple):
    """An event; `id` is the last that was given, by this event or one before."""

    name: str
    data: str
    id: str


class EventParser:
    """Takes the bytes of one connection in whatever pieces they come."""

    def __init__(self, last_id: str = "") -> None:
        """`last_id` is what the connection was opened with."""
        self.retry_ms: int | None = None
        """How long the server wants to be left alone before somebody comes back, once it has said so."""
        self._id = last_id
        self._line = bytearray()
        self._is_behind_return = False
        self._is_first = True
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that end within these bytes. Raises ValueError for one that is too large."""
        for line in self._lines(chunk):
            self._size += len(line)
            if not line:
                yield from self._event()
            else:
                self._read(line.decode(errors="replace"))
        if self._size + len(self._line) > MOST_BYTES:
            raise ValueError(f"an event of more than {MOST_BYTES:,} bytes")

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that end within the chunk. One that ends in a return may have a line feed to come."""
        if not chunk:
            return
        if self._is_behind_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._is_behind_return = chunk.endswith(b"\r")
        first, *others = _LINE_END.split(chunk)
        self._line += first
        for other in others:
            line = bytes(self._line)
            self._line = bytearray(other)
            yield line.removeprefix(_BYTE_ORDER_MARK) if self._is_first else line
            self._is_first = False

    def _read(self, line: str) -> None:
        """One field; a comment is one without a name."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and _DIGITS.fullmatch(value):
            self.retry_ms = int(value)

    def _event(self) -> Iterator[ServerEvent]:
        """What the fields since the last empty line make; without data that is nothing."""
        name, lines = self._name, self._data
        self._name, self._data, self._size = "", [], 0
        if lines:
            yield ServerEvent(name or "message", "\n".join(lines), self._id)
