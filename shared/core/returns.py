"""Returns: time-weighted, money-weighted, and the worst fall; None and a reason where one cannot be known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from .amounts import rounded
from .events import Pair, Plan
from .fees import fee_of
from .lots import MONEY, ZERO, known_sum
from .rates import Payment, rate_of
from .trades import Trade
from .transfers import event_key

_YEAR = timedelta(days=365)
# Daily, also on the day that a clock is put back.
_DAILY = timedelta(hours=25)
_at = attrgetter("at")
_ONE = Decimal(1)
_PRECISE = Context(prec=28)
_PLACES = 10
# A fraction with more digits before its point is no return that tells anybody anything.
_MOST_DIGITS = 100
_BEYOND = "beyond_bounds: so little cannot become so much; one of the values cannot be right"


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
    """A fraction (0.1 is ten per cent), or None and the reason why it cannot be known.

    Beside a fraction the reason is a warning: for some of the time there was nothing that could return.
    """

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

    A swap, a wrap and an own transfer are none, whatever their legs are said to be worth; income and fees in
    coins are gain and loss. The other legs of one event are one flow, their difference.
    """
    swaps = _swaps(plan)
    net: dict[tuple[str, str], list[Decimal | None]] = defaultdict(list)
    when: dict[tuple[str, str], datetime] = {}
    with localcontext(MONEY):
        for trade in plan.trades:
            if trade.id not in plan.moves and trade.id not in swaps and trade.side not in ("income", "fee"):
                key = event_key(trade) or ("trade", trade.id)
                when.setdefault(key, trade.executed_at)
                net[key].append(_crossing(trade))
        flows = [Flow(when[key], known_sum(amounts)) for key, amounts in net.items()]
        flows += [_sent_away(plan.moves[match.out_id]) for match in plan.matches if match.elsewhere]
    return tuple(sorted((flow for flow in flows if flow.usd is None or flow.usd), key=_at))


def index_of(
    values: Sequence[Valuation], flows: Sequence[Flow], left_out: int = 0
) -> tuple[list[Indexed], str | None]:
    """The time-weighted index at each valuation; or, with a reason, as far as it can be known.

    From one day to the next an inflow counts from the start and an outflow until the end. Where valuations
    are further apart, a flow counts at the one that it is a day away from at most; else what all was worth
    when it came is not known, and so no return. `left_out` snapshots are not among the values.
    """
    series: list[Indexed] = []
    ordered = sorted(values, key=_at)
    inflows = sorted(flows, key=_at)
    if not ordered:
        return [], _none_among(left_out)
    level, spent = _ONE, 0
    while spent < len(inflows) and inflows[spent].at <= ordered[0].at:
        spent += 1
    series.append(Indexed(ordered[0].at, level))
    for opening, closing in pairwise(ordered):
        within = []
        while spent < len(inflows) and inflows[spent].at <= closing.at:
            within.append(inflows[spent])
            spent += 1
        growth, reason = _growth(opening, closing, within)
        if growth is None:
            return series, reason
        level = _PRECISE.multiply(level, growth)
        if _is_beyond(level):
            return series, _BEYOND
        series.append(Indexed(closing.at, level))
    return series, None


def time_weighted(values: Sequence[Valuation], flows: Sequence[Flow], left_out: int = 0) -> Return:
    """The return of a dollar that was there all the time, whatever came and went beside it."""
    series, reason = index_of(values, flows, left_out)
    if reason is not None:
        return Return(None, reason)
    if len(series) < 2:
        return Return(None, "too_few_valuations: a return needs two snapshots")
    held = series[-1].at - series[0].at
    return Return(_less_one(series[-1].value), _warning(values), _annualised(series[-1].value, held))


def money_weighted(values: Sequence[Valuation], flows: Sequence[Flow]) -> Return:
    """The rate at which the flows would have grown to the final value (XIRR).

    `annualised` is the yearly rate, given above one year; `value` is what it makes over the whole time. Below
    one year it is looked for over that time: as yearly rates a bad day and a good one are beyond all bounds.
    When nothing ever came back of what went in, all of it is lost.
    """
    ordered = sorted(values, key=_at)
    if len(ordered) < 2:
        return Return(None, "too_few_valuations: a return needs two snapshots")
    first, last = ordered[0], ordered[-1]
    between = [flow for flow in flows if first.at < flow.at <= last.at]
    if first.usd is None or last.usd is None or any(flow.usd is None for flow in between):
        return Return(None, "unknown_value: a valuation or a flow in this time has no known value")
    held = last.at - first.at
    if not held:
        return Return(None, "no_time: the snapshots are of one and the same time")
    unit = min(held, _YEAR)
    paid = [(_in_units(flow.at - first.at, unit), -flow.usd) for flow in between if flow.usd is not None]
    cash = _by_time([(ZERO, -first.usd), *paid, (_in_units(held, unit), last.usd)])
    is_lost = bool(cash) and not last.usd and all(amount < 0 for _, amount in cash)
    rate, reason = (-_ONE, None) if is_lost else rate_of(cash)
    return Return(None, reason) if rate is None else _grown(rate, unit, held)


def max_drawdown(series: Sequence[Indexed]) -> Drawdown:
    """The deepest fall of an index below an earlier peak."""
    worst = Drawdown(ZERO, None, None)
    peak: Indexed | None = None
    for point in series:
        if peak is None or point.value > peak.value:
            peak = point
        elif peak.value:
            fall = -_less_one(_PRECISE.divide(point.value, peak.value))
            if fall > worst.value:
                worst = Drawdown(fall, peak.at, point.at)
    return worst


def _none_among(left_out: int) -> str:
    """Why there is no valuation."""
    left = f"; {left_out:,} left out" if left_out else ""
    return f"no_valuation: no complete snapshot in this time{left}"


def _swaps(plan: Plan) -> set[str]:
    """The sales and buys of events that have both."""
    exchanged = [[leg for leg in legs if leg.side in ("sell", "buy")] for legs in plan.events]
    return {leg.id for legs in exchanged if len({leg.side for leg in legs}) == 2 for leg in legs}


def _crossing(trade: Trade) -> Decimal | None:
    """What a trade brings in (or, negative, takes out), with the fee that is paid in money."""
    value = trade.total_usd
    fee = ZERO if trade.fee_asset is not None else fee_of(trade)
    if value is None or fee is None:
        return None
    return value + fee if trade.is_incoming else fee - value


def _sent_away(pair: Pair) -> Flow:
    """What a transaction sent to others beside an own transfer."""
    value = pair.value_of(pair.match.elsewhere)
    return Flow(pair.out.executed_at, None if value is None else -value)


def _growth(
    opening: Valuation, closing: Valuation, flows: Sequence[Flow]
) -> tuple[Decimal | None, str | None]:
    if opening.usd is None or closing.usd is None:
        at = opening.at if opening.usd is None else closing.at
        return None, f"unknown_value: what all was worth on {at:%Y-%m-%d} is not known"
    start, end = opening.usd, closing.usd
    with localcontext(MONEY):
        for flow in flows:
            if flow.usd is None:
                return None, f"unknown_flow: a flow before {closing.at:%Y-%m-%d} has no known value"
            early = _is_early(flow.at, flow.usd, opening.at, closing.at)
            if early is None:
                return (
                    None,
                    f"far_from_snapshots: there is none within a day of the flow on {flow.at:%Y-%m-%d}",
                )
            if early:
                start += flow.usd
            else:
                end -= flow.usd
    if (start <= 0 and (start or end)) or end < 0:
        return None, f"unexplained_value: what is there on {closing.at:%Y-%m-%d} did not come by flows known"
    return _PRECISE.divide(end, start) if start else _ONE, None


def _is_early(at: datetime, usd: Decimal, opening: datetime, closing: datetime) -> bool | None:
    """Whether a flow counts at the valuation before it, rather than after it; None: at neither."""
    if closing - opening <= _DAILY:
        return usd > 0
    early, late = at - opening, closing - at
    return early <= late if min(early, late) <= _DAILY else None


def _warning(values: Sequence[Valuation]) -> str | None:
    """What a return does not tell, where there was nothing from one valuation to the next."""
    ordered = sorted(values, key=_at)
    empty = next((one.at for one, other in pairwise(ordered) if one.usd == other.usd == ZERO), None)
    return None if empty is None else f"nothing_held: there was nothing on {empty:%Y-%m-%d} that could return"


def _grown(rate: Decimal, unit: timedelta, held: timedelta) -> Return:
    """What a rate for a unit of time makes over the time held."""
    with localcontext(_PRECISE):
        growth = (_ONE + rate) ** _in_units(held, unit)
    if _is_beyond(growth):
        return Return(None, _BEYOND)
    return Return(_less_one(growth), None, _less_one(_ONE + rate) if held > _YEAR else None)


def _annualised(growth: Decimal, held: timedelta) -> Decimal | None:
    if held <= _YEAR:
        return None
    with localcontext(_PRECISE):
        return _less_one(growth ** (_ONE / _in_units(held, _YEAR)))


def _is_beyond(growth: Decimal) -> bool:
    return growth.adjusted() >= _MOST_DIGITS


def _less_one(growth: Decimal) -> Decimal:
    """What a dollar that became so much has gained."""
    return rounded(_PRECISE.subtract(growth, _ONE), _PLACES)


def _in_units(time: timedelta, unit: timedelta) -> Decimal:
    step = timedelta.resolution
    return _PRECISE.divide(Decimal(time // step), Decimal(unit // step))


def _by_time(cash: Sequence[Payment]) -> list[Payment]:
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    with localcontext(MONEY):
        for years, amount in cash:
            sums[years] += amount
    return sorted((years, amount) for years, amount in sums.items() if amount)
