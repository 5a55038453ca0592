"""Work that goes on beside requests: of each kind there is one in a process, made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar


class Work(Protocol):
    """What can be ended."""

    async def close(self) -> None:
        """End it, and wait until it has ended."""


W = TypeVar("W", bound=Work)


class Ongoing:
    """Keeps each kind of work; whoever opens a context need not load what may never be needed."""

    def __init__(self) -> None:
        self._works: dict[type[Work], Work] = {}

    def get(self, kind: type[W], begin: Callable[[], W]) -> W:
        """The work of this kind."""
        work = self._works.get(kind)
        if not isinstance(work, kind):
            work = self._works[kind] = begin()
        return work

    async def close(self) -> None:
        """End all of it."""
        for work in self._works.values():
            await work.close()
        self._works.clear()
