"""RunMemory: what is kept of a run and never changes, remembered so that a process reads it once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:  # types only: a process without runs remembers none
    from ..core.run_snapshot import PricesKnown
    from ..core.runs import PlanPage, Run

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_RUNS = 64
_PAGES = 8
"""A page is the plan of up to 5,000 wallets."""
_PRICED_RUNS = 4


class Recent(Generic[K, V]):
    """The values that were used last, at most so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value of a key, if it is remembered."""
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
        return value

    def keep(self, key: K, value: V) -> None:
        """Remember a value; the one that was not used for longest makes room."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True)
class RunMemory:
    """Runs (whose `totals` and `finished_at` may have been set since), pages of plans, prices."""

    runs: Recent[str, Run] = field(default_factory=lambda: Recent(_RUNS))
    pages: Recent[tuple[str, int], PlanPage] = field(default_factory=lambda: Recent(_PAGES))
    prices: Recent[str, PricesKnown] = field(default_factory=lambda: Recent(_PRICED_RUNS))
