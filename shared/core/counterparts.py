"""Pairing transfers: for each that left, the one that came in closest to it, and the other way round."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from .ids import AssetId
from .trade_type import Trade

_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_order = attrgetter("order")
_at = attrgetter("at")


@dataclass(frozen=True, slots=True)
class Reach:
    """How far what arrives may be from what was sent.

    At most a fraction less (a `tolerance` of None: any amount), at most `window` later or `early` before; a
    `window` of None is any time. `linked` lets more arrive than was sent, and any asset for any other.
    """

    tolerance: Decimal | None = None
    window: timedelta | None = None
    early: timedelta = timedelta()
    linked: bool = False


class Leg(NamedTuple):
    """A transfer with what pairing looks at; `order` is its place among all of them, which are in order."""

    order: int
    quantity: Decimal
    at: datetime
    asset: AssetId
    trade: Trade


class Side:
    """The legs of one direction that are not taken yet, found by what they are a counterpart to.

    They lie on shelves by asset and by stretch of time, and on a shelf by quantity.
    """

    def __init__(
        self, legs: Iterable[Leg], families: Mapping[str, int], reach: Reach, *, arrivals: bool
    ) -> None:
        self._families = families
        self._reach = reach
        self._arrivals = arrivals
        self._width = None if reach.window is None else max(reach.window + reach.early, timedelta(minutes=1))
        self._shelves: dict[tuple[AssetId, int], dict[Decimal, list[Leg]]] = defaultdict(dict)
        for leg in legs:
            self._shelves[leg.asset, self._stretch(leg.at)].setdefault(leg.quantity, []).append(leg)
        self._quantities = {place: sorted(shelf) for place, shelf in self._shelves.items()}
        self._assets: dict[int | None, list[AssetId]] = defaultdict(list)
        for asset in sorted({asset for asset, _ in self._shelves}):
            self._assets[families.get(asset)].append(asset)

    def closest(self, leg: Leg) -> Leg | None:
        """The closest counterpart: same asset before family before any other; by amount, then by time."""
        for assets in self._kinds(leg.asset):
            found = [each for asset in assets for each in self._of_asset(asset, leg)]
            if found:
                return min(found, key=lambda each: _distance(leg, each))
        return None

    def take(self, leg: Leg) -> None:
        """The leg is found no more."""
        place = leg.asset, self._stretch(leg.at)
        alike = self._shelves[place][leg.quantity]
        del alike[bisect_left(alike, leg.order, key=_order)]
        if not alike:
            del self._shelves[place][leg.quantity]
            quantities = self._quantities[place]
            del quantities[bisect_left(quantities, leg.quantity)]

    def _kinds(self, asset: AssetId) -> Iterator[Sequence[AssetId]]:
        yield (asset,)
        family = self._families.get(asset)
        if family is not None:
            yield [other for other in self._assets[family] if other != asset]
        if self._reach.linked:
            yield [other for others in self._assets.values() for other in others if other != asset]

    def _of_asset(self, asset: AssetId, leg: Leg) -> Iterator[Leg]:
        """The closest of each shelf that has one; where any amount may arrive, of less and of more."""
        earliest, latest = self._times(leg.at)
        for stretch in range(self._stretch(earliest), self._stretch(latest) + 1):
            quantities = self._quantities.get((asset, stretch))
            if not quantities:
                continue
            shelf = self._shelves[asset, stretch]
            for way in self._ways(leg.quantity, quantities):
                for at in way:
                    found = self._nearest(shelf[quantities[at]], leg, earliest, latest)
                    if found is not None:
                        yield found
                        break

    def _ways(self, quantity: Decimal, others: Sequence[Decimal]) -> tuple[range, ...]:
        """Where the other quantities within reach are, from the closest on: those of less, those of more."""
        tolerance = self._reach.tolerance
        if tolerance is None:
            split = bisect_left(others, quantity)
            return range(split - 1, -1, -1), range(split, len(others))
        if self._arrivals:
            least = bisect_left(others, quantity - quantity * tolerance)
            return (range(bisect_right(others, quantity) - 1, least - 1, -1),)
        most = bisect_right(others, quantity, key=lambda sent: sent - sent * tolerance)
        return (range(bisect_left(others, quantity), most),)

    def _nearest(self, alike: Sequence[Leg], leg: Leg, earliest: datetime, latest: datetime) -> Leg | None:
        """Of legs of one quantity the nearest in time; of two as near, the earlier."""
        middle = end = bisect_left(alike, leg.at, key=_at)
        after = self._first(leg, alike, middle, bisect_right(alike, latest, key=_at))
        while end and alike[end - 1].at >= earliest:
            start = bisect_left(alike, alike[end - 1].at, 0, end, key=_at)
            if after is not None and leg.at - alike[start].at > after.at - leg.at:
                break
            before = self._first(leg, alike, start, end)
            if before is not None:
                return before
            end = start
        return after

    def _first(self, leg: Leg, alike: Sequence[Leg], start: int, end: int) -> Leg | None:
        return next((alike[at] for at in range(start, end) if self._fits(leg, alike[at])), None)

    def _fits(self, leg: Leg, other: Leg) -> bool:
        """The same asset back in the wallet it left has not moved, nor has more arrived than was sent."""
        if leg.asset != other.asset:
            return True
        sent, received = (leg, other) if self._arrivals else (other, leg)
        wallet = sent.trade.wallet
        moved = wallet is None or wallet != received.trade.wallet
        return moved and (self._reach.linked or received.quantity <= sent.quantity)

    def _times(self, at: datetime) -> tuple[datetime, datetime]:
        window, early = self._reach.window, self._reach.early
        if window is None:
            return _EVER
        return (at - early, at + window) if self._arrivals else (at - window, at + early)

    def _stretch(self, at: datetime) -> int:
        """What can match lies in the same stretch of time or the next, before or after."""
        return 0 if self._width is None else (at - _EVER[0]) // self._width


def legs_of(trades: Iterable[Trade]) -> list[Leg]:
    """Trades, which are in order, as legs."""
    return [
        Leg(order, trade.quantity, trade.executed_at, trade.asset, trade)
        for order, trade in enumerate(trades)
    ]


def pairs_of(
    outs: Sequence[Leg], ins: Sequence[Leg], families: Mapping[str, int], reach: Reach
) -> list[tuple[Leg, Leg]]:
    """The closest two first, then the closest of the rest, and so on.

    Two that are the closest to each other are a pair whatever becomes of the others: so each leg is followed
    to its closest, and that to its own, until two such are found.
    """
    departures = Side(outs, families, reach, arrivals=False)
    arrivals = Side(ins, families, reach, arrivals=True)
    pairs: list[tuple[Leg, Leg]] = []
    taken: set[int] = set()
    for first in outs:
        chain = [] if first.order in taken else [first]
        while chain:
            leg, is_out = chain[-1], len(chain) % 2 == 1
            found = (arrivals if is_out else departures).closest(leg)
            if found is None:
                break  # the first alone has none: the others are closest to somebody
            if len(chain) == 1 or found.order != chain[-2].order:
                chain.append(found)
                continue
            del chain[-2:]
            out, arrived = (leg, found) if is_out else (found, leg)
            departures.take(out)
            arrivals.take(arrived)
            taken.add(out.order)
            pairs.append((out, arrived))
    return pairs


def _distance(leg: Leg, other: Leg) -> tuple[Decimal, timedelta, int]:
    return abs(other.quantity - leg.quantity), abs(other.at - leg.at), other.order
