"""RunMemory: what is kept of a run and never changes, remembered so that a process reads it once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ..core.run_snapshot import PriceSet
from ..core.runs import PlanPage, PricePage, Run

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
class PricesKnown:
    """The first pages of a run's prices, and the set that they make."""

    pages: tuple[PricePage, ...] = ()
    prices: PriceSet = field(default_factory=lambda: PriceSet(()))

    def with_pages(self, pages: Iterable[PricePage]) -> PricesKnown:
        """With those that follow."""
        together = (*self.pages, *pages)
        return PricesKnown(together, PriceSet(together))


@dataclass(frozen=True, slots=True)
class RunMemory:
    """Runs (whose `totals` and `finished_at` may have been set since), pages of plans, prices."""

    runs: Recent[str, Run] = field(default_factory=lambda: Recent(_RUNS))
    pages: Recent[tuple[str, int], PlanPage] = field(default_factory=lambda: Recent(_PAGES))
    prices: Recent[str, PricesKnown] = field(default_factory=lambda: Recent(_PRICED_RUNS))
