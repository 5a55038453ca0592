"""How many answers that hold their connection are open at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import RateLimited

# A stream may stay for an hour, but most callers who have too many have forgotten one that ends sooner.
_RETRY_SECONDS = 15.0


class OpenStreams:
    """Counts open streams in this process, by caller and in all; None is no limit."""

    def __init__(self, per_caller: int | None = None, in_all: int | None = None) -> None:
        self._per_caller = per_caller
        self._in_all = in_all
        self._open: dict[str, int] = {}
        self.number = 0

    @contextmanager
    def one_more(self, caller: str) -> Iterator[None]:
        """Holds a place for a stream. Raises RateLimited when there is none."""
        mine = self._open.get(caller, 0)
        if self._per_caller is not None and mine >= self._per_caller:
            raise RateLimited(f"you have {mine} streams open, and may have no more", _RETRY_SECONDS)
        if self._in_all is not None and self.number >= self._in_all:
            raise RateLimited("this server has as many streams open as it bears", _RETRY_SECONDS)
        self._open[caller] = mine + 1
        self.number += 1
        try:
            yield
        finally:
            self.number -= 1
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
