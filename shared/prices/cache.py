"""A bounded memory of what was learnt when: the least recently used is forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kept(Generic[V]):
    """A value and when it was learnt."""

    value: V
    at: float


class Memory(Generic[K, V]):
    """At most `capacity` values with their times."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[K, Kept[V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, key: K, value: V, at: float) -> None:
        """Remember a value in place of an earlier one."""
        self._kept[key] = Kept(value, at)
        self._kept.move_to_end(key)
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)

    def get(self, key: K) -> Kept[V] | None:
        """What was kept, however old."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found
