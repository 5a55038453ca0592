"""Answers kept as they were sent, for as long as they are true."""

from __future__ import annotations

from collections.abc import Callable

from .messages import Response

_MAX_ANSWERS = 1024
_MAX_BYTES = 16 * 1024 * 1024


class Answers:
    """A bounded memory of whole answers, by path and raw query; each leaves when its time is over."""

    def __init__(
        self, clock: Callable[[], float], size: int = _MAX_ANSWERS, size_bytes: int = _MAX_BYTES
    ) -> None:
        self._clock = clock
        self._size = size
        self._size_bytes = size_bytes
        self._held = 0
        self._known: dict[tuple[str, bytes], Response] = {}

    def get(self, path: str, query: bytes) -> Response | None:
        """The answer to the same question, if it still holds."""
        known = self._known.get((path, query))
        if known is None or known.reusable_until is None or known.reusable_until <= self._clock():
            return None
        return known

    def keep(self, path: str, query: bytes, answer: Response) -> None:
        """Remember an answer that says how long it holds; the oldest make room for it."""
        if answer.reusable_until is None or answer.reusable_until <= self._clock():
            return
        if len(answer.body) + len(query) > self._size_bytes // 8:
            return
        self._forget((path, query))
        self._known[path, query] = answer
        self._held += len(answer.body) + len(query)
        while len(self._known) > self._size or self._held > self._size_bytes:
            self._forget(next(iter(self._known)))

    def forget(self, path: str) -> None:
        """Nothing kept for the path holds any longer."""
        for key in [key for key in self._known if key[0] == path]:
            self._forget(key)

    def _forget(self, key: tuple[str, bytes]) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            self._held -= len(known.body) + len(key[1])
