"""Reading trades as events: which legs belong together, what moved, what each leg is worth and costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from .fees import FeeRules, leg_fees
from .lots import known_sum
from .ordering import are_apart, in_order, runs
from .trade_type import Trade
from .transfers import Families, Match, Matching, event_key, match_by_amount, match_legs

_TRANSFERS = ("transfer_in", "transfer_out")


class Pair(NamedTuple):
    """A match with its two trades."""

    match: Match
    out: Trade
    arrived: Trade

    def value_of(self, quantity: Decimal) -> Decimal | None:
        """What so many of the units sent are worth; exact in the context MONEY.

        When their own price is not known it is that of what arrived; but where one unit did not become one,
        only the whole is known to be worth what arrived.
        """
        if self.out.price_usd is not None:
            return self.out.price_usd * quantity
        if self.match.is_rescaled:
            return self.arrived.total_usd if quantity == self.match.sent else None
        return None if self.arrived.price_usd is None else self.arrived.price_usd * quantity


@dataclass(frozen=True, slots=True)
class Plan:
    """The confirmed trades in accounting order, and what is not plain about them.

    `moves` finds a match by either of its trades. `fees` is what enters the basis or comes off the proceeds
    of a leg that shares its fees or pays them in a coin; `values` what a swap's unvalued leg is worth.
    `events` are the legs of each event that has several; `loose` the transfers that are matched by amount.
    `together` has the moves of each instant that has several, by what they send.
    """

    trades: Sequence[Trade]
    matches: tuple[Match, ...]
    moves: Mapping[str, Pair]
    fees: Mapping[str, Decimal | None]
    values: Mapping[str, Decimal]
    events: Sequence[Sequence[Trade]]
    loose: Sequence[Trade]
    together: Mapping[datetime, Sequence[Pair]]


def read_events(trades: Iterable[Trade], rules: FeeRules, matching: Matching, families: Families) -> Plan:
    """The plan of a history; it does not depend on the order in which the trades are given."""
    confirmed = [trade for trade in trades if trade.status == "confirmed"]
    apart = are_apart(confirmed)
    if not apart:
        confirmed = in_order(confirmed)
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
        trades=confirmed if apart else _by_rank(confirmed, moves),
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
        together={} if apart else _together(confirmed, moves),
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
    return [event for event in legs.values() if len(event) > 1]


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


def _by_rank(trades: Sequence[Trade], moves: Mapping[str, Pair]) -> list[Trade]:
    """At one time what comes in, last what has a fee in coins; then what moves; then what goes out."""

    def rank(trade: Trade) -> int:
        if trade.id in moves:
            return 2
        return 3 if not trade.is_incoming else 0 if trade.fee_asset is None else 1

    return [trade for run in runs(trades) for trade in (sorted(run, key=rank) if len(run) > 1 else run)]


def _together(trades: Sequence[Trade], moves: Mapping[str, Pair]) -> dict[datetime, list[Pair]]:
    together: dict[datetime, list[Pair]] = {}
    for run in runs([trade for trade in trades if trade.id in moves]):
        pairs = list({moves[trade.id].match.out_id: moves[trade.id] for trade in run}.values())
        if len(pairs) > 1:
            together[run[0].executed_at] = sorted(pairs, key=lambda pair: pair.match.sent)
    return together
