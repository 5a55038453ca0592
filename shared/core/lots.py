"""Lots: what was acquired, when and for how much; and how a part of one is taken.

Sums and products are exact in the context MONEY, which the caller must have entered. Only a division rounds:
a part's cost is rounded down to 10^-18 dollars and the last part gets the rest, so no cost is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Context, Decimal
from typing import Literal, NamedTuple

from .amounts import EXACT

MONEY = EXACT
ZERO = Decimal(0)
NO_TRADE = ""
"""The `trade_id` of coins whose acquisition is not in the ledger."""

Reason = Literal["missing_basis", "missing_price"]

_SCALE = Decimal(10**18)
_STEP = Decimal("1E-18")
# Unit costs that agree to 12 digits are equal: a lot that was split and moved keeps its place.
_UNIT = Context(prec=12)


class Doubt(NamedTuple):
    """Why a cost is not certain, and between what bounds it lies; `high` None is no known bound."""

    reason: Reason
    low: Decimal
    high: Decimal | None


class Part(NamedTuple):
    """A lot or a part of one: so many units, when they were acquired, and what they cost (None: unknown).

    A `doubt` says that the cost is assumed. `opened` and `opened_cost` are the whole lot's, when acquired.
    """

    trade_id: str
    acquired_at: datetime
    quantity: Decimal
    cost: Decimal | None
    doubt: Doubt | None
    opened: Decimal
    opened_cost: Decimal | None

    @property
    def unit_cost(self) -> Decimal | None:
        """Dollars for one unit of the lot as it was acquired, to 12 digits."""
        return unit_cost(self)


LotFields = tuple[str, datetime, Decimal, Decimal | None, Doubt | None, Decimal, Decimal | None]
"""The fields of a Part without their names: what pools keep, being made in a third of the time."""


def unit_cost(lot: LotFields) -> Decimal | None:
    """Dollars for one unit of the lot as it was acquired, to 12 digits."""
    opened, opened_cost = lot[5], lot[6]
    return None if opened_cost is None else _UNIT.divide(opened_cost, opened)


def whole_lot(
    trade_id: str, acquired_at: datetime, quantity: Decimal, cost: Decimal | None, doubt: Doubt | None
) -> Part:
    """A lot as it is acquired."""
    return tuple.__new__(Part, (trade_id, acquired_at, quantity, cost, doubt, quantity, cost))


def split(part: LotFields, quantity: Decimal) -> tuple[Part, Part]:
    """The first `quantity` units, fewer than all, with their proportion of the cost; and the rest."""
    trade_id, acquired_at, whole, cost, doubt, opened, opened_cost = part
    first_cost = rest_cost = cost
    if cost is not None:
        first_cost = share(cost, quantity, whole)
        rest_cost = cost - first_cost
    first_doubt = rest_doubt = doubt
    if doubt is not None:
        first_doubt, rest_doubt = _split_doubt(doubt, quantity, whole)
    return (
        tuple.__new__(Part, (trade_id, acquired_at, quantity, first_cost, first_doubt, opened, opened_cost)),
        tuple.__new__(
            Part, (trade_id, acquired_at, whole - quantity, rest_cost, rest_doubt, opened, opened_cost)
        ),
    )


def share(cost: Decimal, quantity: Decimal, whole: Decimal) -> Decimal:
    """A part of the cost, cost × quantity ÷ whole, rounded down to 10^-18; none of the three negative."""
    return cost * quantity * _SCALE // whole * _STEP


def shares(cost: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The cost divided in proportion to the weights; the last gets the rest, so the sum is exact."""
    whole = sum(weights, ZERO)
    if not whole:
        weights, whole = [Decimal(1)] * len(weights), Decimal(len(weights))
    given = [share(cost, weight, whole) for weight in weights[:-1]]
    return [*given, cost - sum(given, ZERO)]


def rescale(parts: Sequence[Part], quantity: Decimal) -> list[Part]:
    """The parts as `quantity` units in all, each with the cost and date it had (a wrap, a fee in kind).

    The cost of a part too small to have any units left goes to the part before it, or to the first.
    """
    sizes = shares(quantity, [part.quantity for part in parts])
    scaled: list[Part] = []
    nothing: list[Part] = []
    for part, size in zip(parts, sizes, strict=True):
        if size:
            scaled.append(whole_lot(part.trade_id, part.acquired_at, size, part.cost, part.doubt))
        elif scaled:
            scaled[-1] = _with_cost(scaled[-1], part)
        else:
            nothing.append(part)
    for part in nothing:
        scaled[0] = _with_cost(scaled[0], part)
    return scaled


def joined_doubt(one: Part, other: Part) -> Doubt | None:
    """The doubt about what the two cost together."""
    first = one.doubt or other.doubt
    if first is None:
        return None
    bounds = [part.doubt or Doubt(first.reason, part.cost or ZERO, part.cost) for part in (one, other)]
    return Doubt(first.reason, bounds[0].low + bounds[1].low, known_sum([bound.high for bound in bounds]))


def known_sum(costs: Sequence[Decimal | None]) -> Decimal | None:
    """The sum, or None when one of them is unknown."""
    total = ZERO
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total


def _with_cost(lot: Part, other: Part) -> Part:
    cost = known_sum([lot.cost, other.cost])
    return whole_lot(lot.trade_id, lot.acquired_at, lot.quantity, cost, joined_doubt(lot, other))


def _split_doubt(doubt: Doubt, quantity: Decimal, whole: Decimal) -> tuple[Doubt, Doubt]:
    low = share(doubt.low, quantity, whole)
    if doubt.high is None:
        return doubt._replace(low=low), doubt._replace(low=doubt.low - low)
    high = share(doubt.high, quantity, whole)
    return Doubt(doubt.reason, low, high), Doubt(doubt.reason, doubt.low - low, doubt.high - high)
