"""What happened to coins: they came in, went out, moved, or paid a fee."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, localcontext
from typing import Literal, NamedTuple, overload

from .amounts import EXACT
from .ids import AssetId
from .lots import NO_TRADE, ZERO, LotFields, Part, Reason, known_sum, shares
from .parts import Parts
from .terms import Term, term
from .trade_type import LotPick, Trade
from .transfers import Match

DisposalKind = Literal["sale", "fee", "withdrawal"]


class Acquisition(NamedTuple):
    """Coins that came in, and the lot they opened. `missing` ones appear where more left than was there.

    `value` is the market value, without fees; the lot's cost has the fees that go into it.
    """

    kind: Literal["buy", "income", "deposit", "missing"]
    trade: Trade
    asset: AssetId
    value: Decimal | None
    lot: Part


class Disposal(NamedTuple):
    """Coins that went out, and the parts of lots that they were; a part of `NO_TRADE` had no lot.

    `proceeds` are what came for them less the fees that come off it, and None when that is not known, or for
    a `withdrawal`, which is no sale: it takes its cost out of the ledger.
    """

    kind: DisposalKind
    trade: Trade
    asset: AssetId
    quantity: Decimal
    proceeds: Decimal | None
    parts: Sequence[Part]

    @property
    def cost_basis(self) -> Decimal | None:
        """What the parts cost; None when that is not known of one of them."""
        if len(self.parts) == 1:
            return self.parts[0].cost
        with localcontext(EXACT):
            return known_sum([part.cost for part in self.parts])

    @property
    def gain(self) -> Decimal | None:
        """Proceeds less cost; None when either is not known."""
        cost = self.cost_basis
        return None if self.proceeds is None or cost is None else EXACT.subtract(self.proceeds, cost)

    @property
    def disposed_at(self) -> datetime:
        return self.trade.executed_at

    @property
    def reason(self) -> Reason | None:
        """Why the gain is unknown or assumed; None when it is neither."""
        doubts = [part.doubt.reason for part in self.parts if part.doubt is not None]
        if self.proceeds is None and self.kind != "withdrawal":
            return "missing_price"
        return "missing_basis" if "missing_basis" in doubts else doubts[0] if doubts else None

    @property
    def gain_low(self) -> Decimal | None:
        """The gain if what is doubtful cost its market value: the lower bound, None if there is none."""
        return self._gain_at([part.cost if part.doubt is None else part.doubt.high for part in self.parts])

    @property
    def gain_high(self) -> Decimal | None:
        """The gain if what is doubtful cost as little as it can have."""
        return self._gain_at([part.cost if part.doubt is None else part.doubt.low for part in self.parts])

    @property
    def missing_quantity(self) -> Decimal:
        """What was disposed of beyond what was held."""
        with localcontext(EXACT):
            return sum((part.quantity for part in self.parts if part.trade_id == NO_TRADE), ZERO)

    def lacking(self) -> list[LotPick]:
        """What of the lots that the trade names did not come from them: they are not there, or too small."""
        names_lots = self.kind != "fee" or self.trade.side == "fee"
        lacking: list[LotPick] = []
        with localcontext(EXACT):
            for name, wanted in self.trade.lots if names_lots else ():
                taken = sum((part.quantity for part in self.parts if part.trade_id == name), ZERO)
                if taken < wanted:
                    lacking.append(LotPick(name, wanted - taken))
        return lacking

    def gains_by_part(self, zone: tzinfo = UTC) -> list[tuple[Decimal, Term]]:
        """The gain on each part and its term: the proceeds in proportion to quantity, the last the rest.

        Empty when the gain is not known.
        """
        at = self.trade.executed_at
        if self.gain is None or self.proceeds is None:
            return []
        if len(self.parts) == 1:
            return [(self.gain, term(self.parts[0].acquired_at, at, zone))]
        with localcontext(EXACT):
            proceeds = shares(self.proceeds, [part.quantity for part in self.parts])
            return [
                (own - part.cost, term(part.acquired_at, at, zone))
                for own, part in zip(proceeds, self.parts, strict=True)
                if part.cost is not None
            ]

    def term(self, zone: tzinfo = UTC) -> Term:
        """Long if every part was held for more than a year."""
        at = self.trade.executed_at
        return "long" if all(term(part.acquired_at, at, zone) == "long" for part in self.parts) else "short"

    def _gain_at(self, costs: Sequence[Decimal | None]) -> Decimal | None:
        with localcontext(EXACT):
            cost = known_sum(costs)
            return None if cost is None or self.proceeds is None else self.proceeds - cost


class Move(NamedTuple):
    """Lots that changed place without a gain: an own transfer or a wrap.

    `drawn` is the quantity taken from the lots where they were; `parts` is what arrives. Both are nothing
    when the coins stay in one pool.
    """

    match: Match
    drawn: Decimal
    parts: Sequence[Part]


class Charge(NamedTuple):
    """A fee that was paid, in the asset of its trade or of its coin; `usd` None is of unknown value."""

    trade: Trade
    asset: AssetId
    usd: Decimal | None


class Acquisitions(Sequence[Acquisition]):
    """Acquisitions in the order in which they happened.

    Kept in columns, and put together when asked for: a hundred thousand small objects would cost more time
    than the accounting does.
    """

    __slots__ = ("lots", "odd", "trades")

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.lots: list[LotFields] = []
        self.odd: dict[int, Acquisition] = {}
        """Those that are not the plain purchase which their trade says."""

    def add(self, acquisition: Acquisition) -> None:
        """One more, of any kind."""
        self.odd[len(self.lots)] = acquisition
        self.trades.append(acquisition.trade)
        self.lots.append(acquisition.lot)

    def __len__(self) -> int:
        return len(self.lots)

    @overload
    def __getitem__(self, at: int) -> Acquisition: ...
    @overload
    def __getitem__(self, at: slice) -> list[Acquisition]: ...
    def __getitem__(self, at: int | slice) -> Acquisition | list[Acquisition]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        index = range(len(self))[at]
        if index in self.odd:
            return self.odd[index]
        trade = self.trades[index]
        return Acquisition("buy", trade, trade.asset, trade.total_usd, Part._make(self.lots[index]))


class Disposals(Sequence[Disposal]):
    """Disposals in the order in which they happened, in columns as acquisitions are.

    The parts of all of them are in one; `ends` says where each one's end.
    """

    __slots__ = ("ends", "odd", "parts", "proceeds", "trades")

    def __init__(self) -> None:
        self.trades: list[Trade] = []
        self.proceeds: list[Decimal | None] = []
        self.parts = Parts()
        self.ends = array("Q")
        self.odd: dict[int, tuple[DisposalKind, AssetId, Decimal]] = {}
        """Kind, asset and quantity of those that are not the plain sale which their trade says."""

    def add(self, disposal: Disposal) -> None:
        """One more, of any kind."""
        self.odd[len(self.ends)] = disposal.kind, disposal.asset, disposal.quantity
        self.trades.append(disposal.trade)
        self.proceeds.append(disposal.proceeds)
        self.parts.extend(disposal.parts)
        self.ends.append(len(self.parts))

    def taken(self, index: int) -> tuple[list[LotFields], list[Decimal | None]]:
        """The lots of one disposal's parts, and what the parts cost."""
        ends = self.ends
        first, last = ends[index - 1] if index else 0, ends[index]
        return self.parts.lots[first:last], self.parts.costs[first:last]

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, at: int) -> Disposal: ...
    @overload
    def __getitem__(self, at: slice) -> list[Disposal]: ...
    def __getitem__(self, at: int | slice) -> Disposal | list[Disposal]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        index = range(len(self))[at]
        trade = self.trades[index]
        parts = self.parts[self.ends[index - 1] if index else 0 : self.ends[index]]
        if index in self.odd:
            kind, asset, quantity = self.odd[index]
            return Disposal(kind, trade, asset, quantity, self.proceeds[index], parts)
        return Disposal("sale", trade, trade.asset, trade.amount, self.proceeds[index], parts)
