"""Parts of lots in columns: very many of them, made only when they are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import overload

from .lots import LotFields, Part, share, split


class Parts(Sequence[Part]):
    """Parts in the order in which they were taken.

    A part is a lot with another quantity and cost. Those are kept side by side and put together when asked
    for: hundreds of thousands of small objects would cost more time than the accounting does.
    """

    __slots__ = ("costs", "lots", "quantities")

    def __init__(self, parts: Iterable[Part] = ()) -> None:
        self.lots: list[LotFields] = []
        self.quantities: list[Decimal] = []
        self.costs: list[Decimal | None] = []
        self.extend(parts)

    def take(self, lot: LotFields, quantity: Decimal, cost: Decimal | None) -> None:
        """One more: so much of the lot, with its doubt if it has one."""
        self.lots.append(lot)
        self.quantities.append(quantity)
        self.costs.append(cost)

    def take_some(self, lot: LotFields, quantity: Decimal) -> LotFields:
        """One more: the first `quantity` units of the lot, fewer than all; returns what is left of it."""
        trade_id, acquired_at, whole, cost, doubt, opened, opened_cost = lot
        if cost is None or doubt is not None:
            part, left = split(lot, quantity)
            self.add(part)
            return left
        spent = share(cost, quantity, whole)
        self.take(lot, quantity, spent)
        return trade_id, acquired_at, whole - quantity, cost - spent, None, opened, opened_cost

    def add(self, part: Part) -> None:
        """One more, as it is."""
        self.take(part, part.quantity, part.cost)

    def extend(self, parts: Iterable[Part]) -> None:
        """More of them, as they are."""
        for part in parts:
            self.add(part)

    def recost(self, parts: Parts, costs: Iterable[Decimal | None]) -> None:
        """More of them, at other costs."""
        self.lots += parts.lots
        self.quantities += parts.quantities
        self.costs += costs

    def __len__(self) -> int:
        return len(self.lots)

    @overload
    def __getitem__(self, at: int) -> Part: ...
    @overload
    def __getitem__(self, at: slice) -> list[Part]: ...
    def __getitem__(self, at: int | slice) -> Part | list[Part]:
        if isinstance(at, slice):
            return list(map(part_of, self.lots[at], self.quantities[at], self.costs[at]))
        return part_of(self.lots[at], self.quantities[at], self.costs[at])


def part_of(lot: LotFields, quantity: Decimal, cost: Decimal | None) -> Part:
    """A lot with another quantity and cost."""
    trade_id, acquired_at, _, _, doubt, opened, opened_cost = lot
    return Part(trade_id, acquired_at, quantity, cost, doubt, opened, opened_cost)
