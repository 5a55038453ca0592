"""Breaker: a source that keeps failing is left alone for a while, then tried with one probe."""

from __future__ import annotations

_FAILURES_TO_OPEN = 3
_FIRST_REST = 30.0
_LONGEST_REST = 600.0
# Sources may ask for more patience than that, but a misread header must not silence one for a year.
_LONGEST_STATED_REST = 3600.0


class Breaker:
    """Closed while all is well, open while the source rests, half open while one probe is under way."""

    def __init__(self) -> None:
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    def admits(self, now: float) -> bool:
        """Whether the source may be asked; after a rest only the first to ask is told so."""
        if self._open_until is None:
            return True
        if now < self._open_until or self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """The source answered."""
        self._failures = 0
        self._open_until = None

    def failed(self, now: float, rest: float | None = None) -> None:
        """The source failed; `rest` is how long it asked to be left alone."""
        self._failures += 1
        if rest is not None:
            self._open_until = now + min(rest, _LONGEST_STATED_REST)
        elif self._failures >= _FAILURES_TO_OPEN:
            doublings = min(self._failures - _FAILURES_TO_OPEN, 10)
            self._open_until = now + min(_FIRST_REST * 2**doublings, _LONGEST_REST)

    def settled(self) -> None:
        """The request is over, whether it could tell or was cancelled: the next may probe."""
        self._probing = False
