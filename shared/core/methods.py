"""The accounting methods: in which order a pool gives up its lots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from heapq import heappop, heappush
from operator import itemgetter
from typing import Literal, get_args

from .lots import ZERO, Doubt, LotFields, Part, known_sum, shares, split, whole_lot
from .parts import Parts
from .pools import FifoPool, LifoPool, Pool, SpecificPool
from .trade_type import LotPick

Method = Literal["fifo", "lifo", "hifo", "lofo", "average", "specific"]
METHODS: tuple[Method, ...] = get_args(Method)

_EPOCH = datetime.min.replace(tzinfo=UTC)


class RankedPool:
    """By unit cost, fees included: the highest first, or the lowest; unknown ones last; ties by earliest."""

    def __init__(self, lots: Sequence[LotFields] = (), *, highest: bool) -> None:
        self._highest = highest
        self._heap: list[tuple[bool, Decimal, datetime, str, int, Part]] = []
        self._added = 0
        for lot in lots:
            self.add(lot)

    def __iter__(self) -> Iterator[Part]:
        return (ranked[-1] for ranked in sorted(self._heap, key=itemgetter(2, 3, 4)))

    def add(self, fields: LotFields, /) -> None:
        lot = Part._make(fields)
        unit = lot.unit_cost
        rank = ZERO if unit is None else -unit if self._highest else unit
        self._added += 1
        heappush(self._heap, (unit is None, rank, lot.acquired_at, lot.trade_id, self._added, lot))

    def draw(self, quantity: Decimal, into: Parts, _picks: Sequence[LotPick] = (), /) -> Decimal:
        heap = self._heap
        while quantity and heap:
            lot = heap[0][-1]
            if lot.quantity > quantity:
                part, rest = split(lot, quantity)
                heap[0] = (*heap[0][:-1], rest)
                into.add(part)
                return ZERO
            quantity -= lot.quantity
            into.add(heappop(heap)[-1])
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

    def add(self, fields: LotFields, /) -> None:
        lot, whole = Part._make(fields), self._whole
        self._whole = whole._replace(
            quantity=whole.quantity + lot.quantity,
            cost=None if whole.cost is None or lot.cost is None else whole.cost + lot.cost,
            doubt=_joined_doubt(whole, lot),
        )
        super().add(fields)

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


def _joined_doubt(whole: Part, lot: Part) -> Doubt | None:
    first = whole.doubt or lot.doubt
    if first is None:
        return None
    bounds = [part.doubt or Doubt(first.reason, part.cost or ZERO, part.cost) for part in (whole, lot)]
    return Doubt(first.reason, bounds[0].low + bounds[1].low, known_sum([bound.high for bound in bounds]))


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
    return [None] * len(sizes) if cost is None else shares(cost, sizes)
