"""Reading trades as events: which legs belong together, what moved, what each leg is worth and costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from operator import itemgetter, lt
from typing import NamedTuple

from .fees import FeeRules, leg_fees
from .lots import known_sum
from .trade_type import Trade
from .transfers import Families, Match, Matching, event_key, match_by_amount, match_legs

_by_time = itemgetter(Trade._fields.index("executed_at"))
_TRANSFERS = ("transfer_in", "transfer_out")


class Pair(NamedTuple):
    """A match with its two trades."""

    match: Match
    out: Trade
    arrived: Trade


@dataclass(frozen=True, slots=True)
class Plan:
    """The confirmed trades in accounting order, and what is not plain about them.

    `moves` finds a match by either of its trades. `fees` is what enters the basis or comes off the proceeds
    of a leg that shares its fees or pays them in a coin; `values` what a swap's unvalued leg is worth.
    `events` are the legs of each event that has several; `loose` the transfers that are matched by amount.
    """

    trades: Sequence[Trade]
    matches: tuple[Match, ...]
    moves: Mapping[str, Pair]
    fees: Mapping[str, Decimal | None]
    values: Mapping[str, Decimal]
    events: Sequence[Sequence[Trade]]
    loose: Sequence[Trade]


def read_events(trades: Iterable[Trade], rules: FeeRules, matching: Matching, families: Families) -> Plan:
    """The plan of a history; it does not depend on the order in which the trades are given."""
    confirmed = [trade for trade in trades if trade.status == "confirmed"]
    apart = _are_apart(confirmed)
    if not apart:
        confirmed.sort(key=_by_time)
    known = families.by_asset()
    marked = _marked(confirmed)
    events = _events(marked)
    matches = [match for legs in events for match in match_legs(legs, known, matching)]
    matched = {side for match in matches for side in (match.out_id, match.in_id)}
    loose = [
        trade
        for trade in marked
        if trade.side in _TRANSFERS and trade.link is None and trade.id not in matched
    ]
    matches += match_by_amount(loose, known, matching)
    moves = _pairs(matches, marked)
    priced = [_with_values([leg for leg in legs if leg.id not in moves]) for legs in events]
    given = {leg.id: leg.total_usd for legs in events for leg in legs}
    return Plan(
        trades=confirmed if apart else _in_order(confirmed, moves),
        matches=tuple(sorted(matches, key=lambda match: (match.sent_at, match.out_id))),
        moves=moves,
        fees=_leg_fees(priced, marked, rules),
        values={
            leg.id: leg.total_usd
            for legs in priced
            for leg in legs
            if leg.total_usd is not None and given[leg.id] is None
        },
        events=events,
        loose=loose,
    )


def _marked(trades: Sequence[Trade]) -> list[Trade]:
    """All that can have to do with another trade, or with another coin; the rest are plain."""
    return [
        trade
        for trade in trades
        if trade.tx_hash is not None
        or trade.link is not None
        or trade.fee_asset is not None
        or trade.side in _TRANSFERS
    ]


def _pairs(matches: Sequence[Match], trades: Sequence[Trade]) -> dict[str, Pair]:
    """Each match under both of its trades' ids."""
    if not matches:
        return {}
    ids = {leg for match in matches for leg in (match.out_id, match.in_id)}
    legs = {trade.id: trade for trade in trades if trade.id in ids}
    pairs = [Pair(match, legs[match.out_id], legs[match.in_id]) for match in matches]
    return {leg.id: pair for pair in pairs for leg in (pair.out, pair.arrived)}


def _events(trades: Sequence[Trade]) -> list[list[Trade]]:
    """The legs of each event that has several."""
    legs: dict[tuple[str, str], list[Trade]] = defaultdict(list)
    for trade in trades:
        key = event_key(trade)
        if key is not None:
            legs[key].append(trade)
    return [sorted(event, key=itemgetter(0)) for event in legs.values() if len(event) > 1]


def _with_values(legs: list[Trade]) -> list[Trade]:
    """A swap has one value: its only leg without one is worth what the other side is worth."""
    sides = [[leg for leg in legs if leg.side == side] for side in ("sell", "buy")]
    unvalued = [leg for side in sides for leg in side if leg.total_usd is None]
    if not (sides[0] and sides[1]) or len(unvalued) != 1:
        return legs
    own, other = sides if unvalued[0] in sides[0] else reversed(sides)
    worth = known_sum([leg.total_usd for leg in other])
    others = known_sum([leg.total_usd for leg in own if leg is not unvalued[0]])
    if worth is None or others is None or worth < others:
        return legs
    return [leg._replace(total_usd=worth - others) if leg is unvalued[0] else leg for leg in legs]


def _leg_fees(
    events: Sequence[Sequence[Trade]], trades: Sequence[Trade], rules: FeeRules
) -> dict[str, Decimal | None]:
    fees: dict[str, Decimal | None] = {}
    for trade in trades:
        if trade.fee_asset is not None:
            fees |= leg_fees([trade], rules)
    for legs in events:
        fees |= leg_fees(legs, rules)
    return fees


def _are_apart(trades: Sequence[Trade]) -> bool:
    """Whether each comes after the one before, and none at its time: so stores give them, mostly."""
    times = list(map(_by_time, trades))
    return all(map(lt, times, islice(times, 1, None)))


def _in_order(trades: list[Trade], moves: Mapping[str, Pair]) -> list[Trade]:
    """By time; at one time what comes in, then what moves, then what goes out; then by id."""
    ordered: list[Trade] = []
    for run in _runs(trades):
        if len(run) > 1:
            run.sort(key=lambda trade: (1 if trade.id in moves else 0 if trade.is_incoming else 2, trade.id))
        ordered += run
    return ordered


def _runs(trades: Sequence[Trade]) -> Iterator[list[Trade]]:
    """The trades in runs of the same time."""
    run: list[Trade] = []
    for trade in trades:
        if run and run[0].executed_at != trade.executed_at:
            yield run
            run = []
        run.append(trade)
    if run:
        yield run
