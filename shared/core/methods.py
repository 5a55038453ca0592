"""The accounting methods: in which order a pool gives up its lots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heappop, heappush
from operator import itemgetter
from typing import Literal, get_args

from .lots import ZERO, Doubt, LotFields, Part, joined_doubt, shares, split, unit_cost, whole_lot
from .parts import Parts
from .pools import FifoPool, LifoPool, Pool, SpecificPool
from .trade_type import LotPick

Method = Literal["fifo", "lifo", "hifo", "lofo", "average", "specific"]
METHODS: tuple[Method, ...] = get_args(Method)

_EPOCH = datetime.min.replace(tzinfo=UTC)


class RankedPool:
    """By unit cost, fees included: the highest first, or the lowest; unknown ones last.

    Of equal ones the earliest, and of those the one that came into the pool first.
    """

    def __init__(self, lots: Sequence[LotFields] = (), *, highest: bool) -> None:
        self._highest = highest
        self._heap: list[tuple[bool, Decimal, datetime, int, LotFields]] = []
        self._added = 0
        for lot in lots:
            self.add(lot)

    def __iter__(self) -> Iterator[Part]:
        return (Part._make(ranked[-1]) for ranked in sorted(self._heap, key=itemgetter(2, 3)))

    def add(self, lot: LotFields, /) -> None:
        unit = unit_cost(lot)
        rank = ZERO if unit is None else -unit if self._highest else unit
        self._added += 1
        heappush(self._heap, (unit is None, rank, lot[1], self._added, lot))

    def draw(self, quantity: Decimal, into: Parts, _picks: Sequence[LotPick] = (), /) -> Decimal:
        heap = self._heap
        while quantity and heap:
            lot = heap[0][-1]
            held = lot[2]
            if held > quantity:
                heap[0] = (*heap[0][:-1], into.take_some(lot, quantity))
                return ZERO
            quantity -= held
            heappop(heap)
            into.take(lot, held, lot[3])
        return quantity


class AveragePool(FifoPool):
    """One cost for all: each unit costs the pool's cost ÷ its quantity before the disposal.

    The lots' own costs are merged into the pool's; their dates leave oldest first, for the holding period.
    """

    def __init__(self, lots: Sequence[LotFields] = ()) -> None:
        super().__init__()
        self._whole = whole_lot("", _EPOCH, ZERO, ZERO, None)
        for lot in lots:
            self.add(lot)

    def __iter__(self) -> Iterator[Part]:
        """The lots, each at the pool's cost for its units."""
        return iter(_spread(self._whole, list(super().__iter__())))

    def add(self, lot: LotFields, /) -> None:
        whole, added = self._whole, lot[3]
        cost = None if whole.cost is None or added is None else whole.cost + added
        certain = whole.doubt is None and lot[4] is None
        doubt = None if certain else joined_doubt(whole, Part._make(lot))
        self._whole = whole_lot("", _EPOCH, whole.quantity + lot[2], cost, doubt)
        super().add(lot)

    def draw(self, quantity: Decimal, into: Parts, _picks: Sequence[LotPick] = (), /) -> Decimal:
        dated = Parts()
        short = super().draw(quantity, dated)
        taken = quantity - short
        if not taken:
            return short
        if taken == self._whole.quantity:
            drawn, self._whole = self._whole, whole_lot("", _EPOCH, ZERO, ZERO, None)
        else:
            drawn, self._whole = split(self._whole, taken)
        if drawn.doubt is None:  # then the lots have none either
            into.recost(dated, _spread_known(drawn.cost, dated.quantities))
        else:
            into.extend(_spread(drawn, dated))
        return short


def open_pool(method: Method, lots: Sequence[LotFields] = ()) -> Pool:
    """A pool of a method, with the lots of an earlier one in its order."""
    match method:
        case "fifo":
            return FifoPool(lots)
        case "lifo":
            return LifoPool(lots)
        case "hifo":
            return RankedPool(lots, highest=True)
        case "lofo":
            return RankedPool(lots, highest=False)
        case "average":
            return AveragePool(lots)
        case "specific":
            return SpecificPool(lots)


def _spread(drawn: Part, dated: Sequence[Part]) -> list[Part]:
    """The dated parts with the drawn cost, and its bounds, in proportion; the sums are exact."""
    if not dated:
        return []
    if len(dated) == 1:
        return [dated[0]._replace(cost=drawn.cost, doubt=drawn.doubt)]
    sizes = [part.quantity for part in dated]
    costs = _spread_known(drawn.cost, sizes)
    doubts: list[Doubt | None] = [None] * len(sizes)
    if drawn.doubt is not None:
        lows, highs = shares(drawn.doubt.low, sizes), _spread_known(drawn.doubt.high, sizes)
        reason = drawn.doubt.reason
        doubts = [Doubt(reason, low, high) for low, high in zip(lows, highs, strict=True)]
    return [
        part._replace(cost=cost, doubt=doubt) for part, cost, doubt in zip(dated, costs, doubts, strict=True)
    ]


def _spread_known(cost: Decimal | None, sizes: Sequence[Decimal]) -> Sequence[Decimal | None]:
    if cost is None or len(sizes) == 1:
        return [cost] * len(sizes)
    return shares(cost, sizes)
