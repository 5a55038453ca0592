"""Work that several processes do over and over: done once, charged each time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import thread_time
from typing import Generic, TypeVar

from shared.store.run_memory import Recent
from tests.simulate.edges import Edges

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_REMEMBERED = 16


class Charged(Generic[K, V]):
    """The last results by their keys, with the CPU seconds that they took."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._known: Recent[K, tuple[V, float]] = Recent(_REMEMBERED)

    async def get(self, key: K, make: Callable[[], V]) -> V:
        """The result; when it was made before, the CPU is charged what that took."""
        known = self._known.get(key)
        if known is not None:
            await self._edges.pause(0, known[1])
            return known[0]
        started = thread_time()
        made = make()
        self._known.keep(key, (made, thread_time() - started))
        return made
