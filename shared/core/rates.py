"""The rate at which dated payments are worth nothing today: bracketed, then Newton's steps to the root."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Context, Decimal, localcontext
from itertools import pairwise

from .lots import ZERO

_ONE = Decimal(1)
_PRECISE = Context(prec=28)
# From −99.99999999 % to a trillion per cent for a unit of time: where a rate is looked for.
_RATES = tuple(
    Decimal(rate)
    for rate in (
        *("-0.9999999999", "-0.9999", "-0.99", "-0.9", "-0.75", "-0.5", "-0.25", "-0.1", "0", "0.1", "0.25"),
        *("0.5", "1", "2", "5", "10", "100", "1000", "10000", "100000", "10000000", "10000000000"),
    )
)
_MOST_STEPS = 200
_NO_RATE = "no_rate: none fits between the bounds within which one is looked for"

Payment = tuple[Decimal, Decimal]
"""A time, in units of the rate, and an amount, which is not zero: out of the pocket is negative."""


def rate_of(cash: Sequence[Payment]) -> tuple[Decimal | None, str | None]:
    """The rate of payments that are in order; or None and the reason, when none or more than one fits."""
    if not cash:
        return None, "nothing_held: there was nothing in this time that could return"
    if not any(amount < 0 for _, amount in cash) or not any(amount > 0 for _, amount in cash):
        return None, "one_sided: money only went in, or only came out"
    with localcontext(_PRECISE):
        worth = _tried(cash)
        exact = [rate for rate, sign in worth if not sign]
        spans = [(low[0], high[0]) for low, high in pairwise(worth) if low[1] * high[1] < 0]
        if len(exact) + len(spans) != 1:
            none = not exact and not spans
            return None, _NO_RATE if none else "ambiguous: more than one rate fits"
        return (exact[0], None) if exact else _root(cash, *spans[0])


def _rates_to_try(cash: Sequence[Payment]) -> Sequence[Decimal]:
    """A few, where the cash changes its sign once and so has one rate at most; else a fine comb of them."""
    turns = sum((one < 0) != (other < 0) for (_, one), (_, other) in pairwise(cash))
    if turns == 1:
        return _RATES
    return [(Decimal(step) / 20).exp() - 1 for step in range(-180, 231)]


def _tried(cash: Sequence[Payment]) -> list[tuple[Decimal, int]]:
    """The rates to try, each with the sign of what the cash is worth by it, told from 15 digits.

    That is a hundred times as fast as `_present`. The largest of what is added up counts as one, so that
    nothing is too large for a float and only what makes no difference too small.
    """
    logs = [(float(time), float(abs(amount).ln()), amount < 0) for time, amount in cash]
    return [(rate, _sign(logs, float((_ONE + rate).ln()))) for rate in _rates_to_try(cash)]


def _sign(logs: Sequence[tuple[float, float, bool]], growth: float) -> int:
    sizes = [(size - time * growth, is_negative) for time, size, is_negative in logs]
    largest = max(size for size, _ in sizes)
    worth = math.fsum(math.exp(size - largest) * (-1 if negative else 1) for size, negative in sizes)
    return (worth > 0) - (worth < 0)


def _root(cash: Sequence[Payment], low: Decimal, high: Decimal) -> tuple[Decimal | None, str | None]:
    """Newton's steps, kept inside the bracket by halving it."""
    rising = _present(cash, high) > _present(cash, low)
    rate = (low + high) / 2
    for _ in range(_MOST_STEPS):
        worth = _present(cash, rate)
        if worth == 0 or high - low < Decimal("1E-15"):
            return rate, None
        if (worth > 0) == rising:
            high = rate
        else:
            low = rate
        slope = _slope(cash, rate)
        step = rate - worth / slope if slope else low
        rate_before, rate = rate, step if low < step < high else (low + high) / 2
        if abs(rate - rate_before) < Decimal("1E-16"):
            return rate, None
    return None, "no_convergence: the rate did not settle"


def _present(cash: Sequence[Payment], rate: Decimal) -> Decimal:
    log = (_ONE + rate).ln()
    return sum((amount * (-time * log).exp() for time, amount in cash), ZERO)


def _slope(cash: Sequence[Payment], rate: Decimal) -> Decimal:
    log = (_ONE + rate).ln()
    return sum((-time * amount * (-(time + 1) * log).exp() for time, amount in cash), ZERO)
