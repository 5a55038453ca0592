"""Pools that give up their lots by date, or by name."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Protocol

from .lots import ZERO, LotFields, Part, share, split
from .parts import Parts, part_of
from .trade_type import LotPick

_acquired_at = itemgetter(1)
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class Pool(Protocol):
    """The open lots of one asset (and one wallet), given up in the order of a method.

    `draw` adds the parts it takes to `into` and returns the quantity that the pool did not have.
    """

    def add(self, lot: LotFields, /) -> None: ...

    def draw(self, quantity: Decimal, into: Parts, picks: Sequence[LotPick] = (), /) -> Decimal: ...

    def __iter__(self) -> Iterator[Part]: ...


class FifoPool:
    """Oldest first; oldest by when the coins were acquired, and only then by when they came into this pool.

    Lots that are used up stay before `_next`, and what is left of one that was begun is kept beside it: both
    are written into the lots when these are looked at.
    """

    def __init__(self, lots: Sequence[LotFields] = ()) -> None:
        """With lots that another pool gave up, in its order."""
        self._lots: list[LotFields] = list(lots)
        self._next = 0
        self._newest = lots[-1][1] if lots else _BEFORE_ALL
        self._left: Decimal | None = None
        self._left_cost: Decimal | None = None

    def __iter__(self) -> Iterator[Part]:
        return map(Part._make, self._written())

    def add(self, lot: LotFields, /) -> None:
        acquired_at = lot[1]
        if acquired_at >= self._newest:
            self._newest = acquired_at
            self._lots.append(lot)
        else:
            insort(self._written(), lot, key=_acquired_at)

    def draw(self, quantity: Decimal, into: Parts, _picks: Sequence[LotPick] = (), /) -> Decimal:
        lots, at, held, cost = self._lots, self._next, self._left, self._left_cost
        while quantity and at < len(lots):
            lot = lots[at]
            if held is None:
                held, cost = lot[2], lot[3]
            if held <= quantity:
                taken, spent = held, cost
                quantity -= held
                held = None
                at += 1
            elif cost is None or lot[4] is not None:  # a doubt is divided too
                lots[at] = into.take_some(lot, quantity)
                quantity, held = ZERO, None
                break
            else:
                taken, spent = quantity, share(cost, quantity, held)
                held, cost, quantity = held - quantity, cost - spent, ZERO
            into.lots.append(lot)  # as take() does
            into.quantities.append(taken)
            into.costs.append(spent)
        self._next, self._left, self._left_cost = at, held, cost
        return quantity

    def _written(self) -> list[LotFields]:
        """The lots as they are by now."""
        del self._lots[: self._next]
        self._next = 0
        if self._left is not None:
            self._lots[0] = part_of(self._lots[0], self._left, self._left_cost)
            self._left = None
        return self._lots


class LifoPool(FifoPool):
    """Newest first."""

    def draw(self, quantity: Decimal, into: Parts, _picks: Sequence[LotPick] = (), /) -> Decimal:
        lots = self._lots
        while quantity and lots:
            lot = lots[-1]
            held = lot[2]
            if held > quantity:
                lots[-1] = into.take_some(lot, quantity)
                return ZERO
            quantity -= held
            into.take(lots.pop(), held, lot[3])
        return quantity


class SpecificPool(FifoPool):
    """The lots that the disposal names; what it does not name, and what they lack, oldest first."""

    def __init__(self, lots: Sequence[LotFields] = ()) -> None:
        super().__init__(lots)
        self._acquired = {lot[0]: lot[1] for lot in lots}

    def add(self, lot: LotFields, /) -> None:
        self._acquired[lot[0]] = lot[1]
        super().add(lot)

    def draw(self, quantity: Decimal, into: Parts, picks: Sequence[LotPick] = (), /) -> Decimal:
        for pick in picks:
            named = self._draw_named(pick.trade_id, min(pick.quantity, quantity))
            quantity -= sum((part.quantity for part in named), ZERO)
            into.extend(named)
        return super().draw(quantity, into)

    def _draw_named(self, trade_id: str, quantity: Decimal) -> list[Part]:
        if trade_id not in self._acquired:
            return []
        lots, acquired_at = self._written(), self._acquired[trade_id]
        at = bisect_left(lots, acquired_at, key=_acquired_at)
        parts: list[Part] = []
        while quantity and at < len(lots) and lots[at][1] == acquired_at:
            part = Part._make(lots[at])
            if part.trade_id != trade_id:
                at += 1
                continue
            if part.quantity > quantity:
                part, lots[at] = split(part, quantity)
            else:
                del lots[at]
            parts.append(part)
            quantity -= part.quantity
        return parts
