"""Returns: time-weighted, money-weighted, and the worst fall; None and a reason where one cannot be known."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from itertools import pairwise
from typing import NamedTuple

from .events import Plan
from .fees import fee_of
from .lots import MONEY, ZERO, known_sum
from .trades import Trade
from .transfers import event_key

_YEAR = timedelta(days=365)
_ONE = Decimal(1)
_PRECISE = Context(prec=28)
_STEP = Decimal("1E-10")
# From −99.99 % to 10,000,000 % a year: where a rate is looked for.
_RATES = tuple(
    Decimal(rate)
    for rate in (
        *("-0.9999", "-0.99", "-0.9", "-0.75", "-0.5", "-0.25", "-0.1", "0", "0.1", "0.25", "0.5"),
        *("1", "2", "5", "10", "100", "1000", "10000", "100000"),
    )
)
_MOST_STEPS = 200
_MOST_EXPONENT = 700.0  # the largest float is e^709


class Valuation(NamedTuple):
    """What all was worth at a time; None is not known."""

    at: datetime
    usd: Decimal | None


class Flow(NamedTuple):
    """Money that crossed the portfolio's boundary: in is positive, out negative, None is of unknown value."""

    at: datetime
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Return:
    """A fraction (0.1 is ten per cent), or None and the reason why it cannot be known."""

    value: Decimal | None
    reason: str | None = None
    annualised: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The worst fall from a peak, as a fraction, and when; both None when there was none."""

    value: Decimal
    peak_at: datetime | None
    trough_at: datetime | None


class Indexed(NamedTuple):
    """The worth of one dollar put in at the start, flows removed."""

    at: datetime
    value: Decimal


def external_flows(plan: Plan) -> tuple[Flow, ...]:
    """The flows of a history: money that bought or was got for coins, and coins that came or left unmatched.

    A swap, a wrap and an own transfer are none, income and fees in coins are gain and loss; the legs of one
    event are one flow, their difference.
    """
    net: dict[tuple[str, str], list[Decimal | None]] = defaultdict(list)
    when: dict[tuple[str, str], datetime] = {}
    with localcontext(MONEY):
        for trade in plan.trades:
            if trade.id not in plan.moves and trade.side not in ("income", "fee"):
                key = event_key(trade) or ("trade", trade.id)
                when.setdefault(key, trade.executed_at)
                net[key].append(_crossing(trade, plan))
        flows = [Flow(when[key], known_sum(amounts)) for key, amounts in net.items()]
    return tuple(sorted((flow for flow in flows if flow.usd is None or flow.usd), key=lambda flow: flow.at))


def index_of(values: Sequence[Valuation], flows: Sequence[Flow]) -> tuple[list[Indexed], str | None]:
    """The time-weighted index at each valuation; or, with a reason, as far as it can be known.

    Between two valuations an inflow counts from the start and an outflow until the end.
    """
    series: list[Indexed] = []
    ordered = sorted(values)
    inflows = sorted(flows, key=lambda flow: flow.at)
    if not ordered:
        return [], "no_valuation: there is no snapshot in this time"
    level, spent = _ONE, 0
    while spent < len(inflows) and inflows[spent].at <= ordered[0].at:
        spent += 1
    series.append(Indexed(ordered[0].at, level))
    for opening, closing in pairwise(ordered):
        within = []
        while spent < len(inflows) and inflows[spent].at <= closing.at:
            within.append(inflows[spent].usd)
            spent += 1
        growth, reason = _growth(opening, closing, within)
        if growth is None:
            return series, reason
        level = _PRECISE.multiply(level, growth)
        series.append(Indexed(closing.at, level))
    return series, None


def time_weighted(values: Sequence[Valuation], flows: Sequence[Flow]) -> Return:
    """The return of a dollar that was there all the time, whatever came and went beside it."""
    series, reason = index_of(values, flows)
    if reason is not None:
        return Return(None, reason)
    if len(series) < 2:
        return Return(None, "too_few_valuations: a return needs two snapshots")
    value = series[-1].value - 1
    return Return(value.quantize(_STEP), None, _annualised(value, series[-1].at - series[0].at))


def money_weighted(values: Sequence[Valuation], flows: Sequence[Flow]) -> Return:
    """The rate at which the flows would have grown to the final value (XIRR).

    `annualised` is the yearly rate, given above one year; `value` is what it makes over the whole time. Below
    one year it is looked for over that time: as yearly rates a bad day and a good one are beyond all bounds.
    """
    ordered = sorted(values)
    if len(ordered) < 2:
        return Return(None, "too_few_valuations: a return needs two snapshots")
    first, last = ordered[0], ordered[-1]
    between = [flow for flow in flows if first.at < flow.at <= last.at]
    if first.usd is None or last.usd is None or any(flow.usd is None for flow in between):
        return Return(None, "unknown_value: a valuation or a flow in this time has no known value")
    held = last.at - first.at
    unit = min(held, _YEAR) or _YEAR
    paid = [(_in_units(flow.at - first.at, unit), -flow.usd) for flow in between if flow.usd is not None]
    cash = _by_time([(ZERO, -first.usd), *paid, (_in_units(held, unit), last.usd)])
    rate, reason = _rate(cash)
    if rate is None:
        return Return(None, reason)
    with localcontext(_PRECISE):
        value = (_ONE + rate) ** _in_units(held, unit) - 1
        return Return(value.quantize(_STEP), None, rate.quantize(_STEP) if held > _YEAR else None)


def max_drawdown(series: Sequence[Indexed]) -> Drawdown:
    """The deepest fall of an index below an earlier peak."""
    worst = Drawdown(ZERO, None, None)
    peak: Indexed | None = None
    for point in series:
        if peak is None or point.value > peak.value:
            peak = point
        elif peak.value:
            fall = (_ONE - _PRECISE.divide(point.value, peak.value)).quantize(_STEP)
            if fall > worst.value:
                worst = Drawdown(fall, peak.at, point.at)
    return worst


def _crossing(trade: Trade, plan: Plan) -> Decimal | None:
    """What a trade brings in (or, negative, takes out), with the fee that is paid in money."""
    value = plan.values.get(trade.id) if trade.total_usd is None else trade.total_usd
    fee = ZERO if trade.fee_asset is not None else fee_of(trade)
    if value is None or fee is None:
        return None
    return value + fee if trade.is_incoming else fee - value


def _growth(
    opening: Valuation, closing: Valuation, flows: Sequence[Decimal | None]
) -> tuple[Decimal | None, str | None]:
    if opening.usd is None or closing.usd is None:
        at = opening.at if opening.usd is None else closing.at
        return None, f"unknown_value: what all was worth on {at:%Y-%m-%d} is not known"
    known = [flow for flow in flows if flow is not None]
    if len(known) < len(flows):
        return None, f"unknown_flow: a flow before {closing.at:%Y-%m-%d} has no known value"
    with localcontext(MONEY):
        start = opening.usd + sum((flow for flow in known if flow > 0), ZERO)
        end = closing.usd - sum((flow for flow in known if flow < 0), ZERO)
    if not start:
        if end:
            return None, f"unexplained_value: value appeared before {closing.at:%Y-%m-%d} without a flow"
        return _ONE, None
    return _PRECISE.divide(end, start), None


def _annualised(value: Decimal, held: timedelta) -> Decimal | None:
    if held <= _YEAR:
        return None
    with localcontext(_PRECISE):
        return ((_ONE + value) ** (_ONE / _years(held)) - 1).quantize(_STEP)


def _years(time: timedelta) -> Decimal:
    return _in_units(time, _YEAR)


def _in_units(time: timedelta, unit: timedelta) -> Decimal:
    step = timedelta.resolution
    return _PRECISE.divide(Decimal(time // step), Decimal(unit // step))


def _by_time(cash: Sequence[tuple[Decimal, Decimal]]) -> list[tuple[Decimal, Decimal]]:
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    with localcontext(MONEY):
        for years, amount in cash:
            sums[years] += amount
    return sorted((years, amount) for years, amount in sums.items() if amount)


def _rate(cash: Sequence[tuple[Decimal, Decimal]]) -> tuple[Decimal | None, str | None]:
    """The yearly rate at which the cash is worth nothing today: bracketed, then halved to the root."""
    if not any(amount < 0 for _, amount in cash) or not any(amount > 0 for _, amount in cash):
        return None, "one_sided: money only went in, or only came out"
    with localcontext(_PRECISE):
        worth = [(rate, _roughly(cash, rate)) for rate in _rates_to_try(cash)]
        exact = [rate for rate, value in worth if not value]
        spans = [(low[0], high[0]) for low, high in pairwise(worth) if low[1] * high[1] < 0]
        if len(exact) + len(spans) != 1:
            none = not exact and not spans
            return None, "no_rate: no yearly rate fits" if none else "ambiguous: more than one rate fits"
        return (exact[0], None) if exact else _root(cash, *spans[0])


def _rates_to_try(cash: Sequence[tuple[Decimal, Decimal]]) -> Sequence[Decimal]:
    """A few, where the cash changes its sign once and so has one rate at most; else a fine comb of them."""
    turns = sum((one < 0) != (other < 0) for (_, one), (_, other) in pairwise(cash))
    if turns == 1:
        return _RATES
    return [(Decimal(step) / 20).exp() - 1 for step in range(-180, 231)]


def _root(
    cash: Sequence[tuple[Decimal, Decimal]], low: Decimal, high: Decimal
) -> tuple[Decimal | None, str | None]:
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


def _present(cash: Sequence[tuple[Decimal, Decimal]], rate: Decimal) -> Decimal:
    log = (_ONE + rate).ln()
    return sum((amount * (-years * log).exp() for years, amount in cash), ZERO)


def _roughly(cash: Sequence[tuple[Decimal, Decimal]], rate: Decimal) -> float:
    """What `_present` says to some 15 digits, a hundred times as fast: only its sign is looked at."""
    log = math.log1p(float(rate))
    return math.fsum(
        float(amount) * math.exp(min(-float(years) * log, _MOST_EXPONENT)) for years, amount in cash
    )


def _slope(cash: Sequence[tuple[Decimal, Decimal]], rate: Decimal) -> Decimal:
    log = (_ONE + rate).ln()
    return sum((-years * amount * (-(years + 1) * log).exp() for years, amount in cash), ZERO)
