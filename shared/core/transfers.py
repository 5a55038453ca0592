"""Own transfers: which coins that left one wallet are the ones that came into another."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from heapq import nsmallest
from typing import Literal, NamedTuple

from .ids import AssetId
from .lots import ZERO
from .trade_type import NOT_LINKED, Trade

MatchedBy = Literal["link", "transaction", "amount"]

# Of very many equal transfers within one window, the nearest are looked at first.
_MOST_CANDIDATES = 64


@dataclass(frozen=True, slots=True)
class Matching:
    """How transfers without a link are matched by amount.

    What arrives may be less than what was sent by `tolerance` (a fraction: the fee that was kept back), up to
    `window` later, or `early` before it was sent, as clocks differ.
    """

    tolerance: Decimal = Decimal("0.005")
    window: timedelta = timedelta(hours=20)
    early: timedelta = timedelta(minutes=15)
    automatic: bool = True


@dataclass(frozen=True, slots=True)
class Families:
    """Assets that are one and the same for accounting: changing one into the other carries the basis."""

    groups: tuple[frozenset[str], ...] = (frozenset({"ETH", "WETH"}),)

    def by_asset(self) -> dict[str, int]:
        """The number of the family of each asset that has one."""
        return {asset: number for number, group in enumerate(self.groups) for asset in group}


class Match(NamedTuple):
    """Coins that moved and stayed the user's: their lots keep date and cost.

    `fee` is what was sent and did not arrive; in a change of asset that is not one to one it is zero, and the
    cost is carried by the received quantity. To revoke a match, give one of its trades the link `none` or
    another one.
    """

    out_id: str
    in_id: str
    by: MatchedBy
    asset_sent: AssetId
    asset_received: AssetId
    sent: Decimal
    received: Decimal
    fee: Decimal
    sent_at: datetime
    received_at: datetime

    @property
    def is_rescaled(self) -> bool:
        """Whether the units change: the received quantity stands for all that was sent."""
        return self.received + self.fee != self.sent


class Candidate(NamedTuple):
    """A leg with what matching looks at."""

    quantity: Decimal
    at: datetime
    trade: Trade


Arrivals = dict[tuple[str | int, int], list[Candidate]]
"""What came in, by asset or family and by slot of time; each list ordered by quantity."""


def event_key(trade: Trade) -> tuple[str, str] | None:
    """What the legs of one event share: a link, or a transaction on a chain; None for a trade by itself."""
    if trade.link is not None:
        return None if trade.link == NOT_LINKED else ("link", trade.link)
    return None if trade.tx_hash is None else (trade.chain or "", trade.tx_hash)


def match_legs(legs: Sequence[Trade], families: Mapping[str, int], settings: Matching) -> list[Match]:
    """The moves within one event: transfers paired by asset, then by family; a swap within a family.

    An explicit link also pairs one transfer with another of any other asset.
    """
    linked = legs[0].link is not None
    by: MatchedBy = "link" if linked else "transaction"
    outs = _by_amount(leg for leg in legs if leg.side == "transfer_out")
    ins = _by_amount(leg for leg in legs if leg.side == "transfer_in")
    sells = [leg for leg in legs if leg.side == "sell"]
    buys = [leg for leg in legs if leg.side == "buy"]
    if len(sells) == len(buys) == 1 and _is_wrap(sells[0], buys[0], families):
        outs, ins = outs + sells, ins + buys
    matches: list[Match] = []
    for fits in (_same_asset, _is_wrap, _any_asset) if linked else (_same_asset, _is_wrap):
        for out in list(outs):
            arrived = next((leg for leg in ins if fits(out, leg, families)), None)
            if arrived is not None:
                outs.remove(out)
                ins.remove(arrived)
                matches.append(_match(out, arrived, by, settings))
    return matches


def match_by_amount(trades: Iterable[Trade], families: Mapping[str, int], settings: Matching) -> list[Match]:
    """Transfers paired by amount and time: the closest amounts first, then the closest times.

    The answer depends on the trades alone, not on the order they come in.
    """
    if not settings.automatic:
        return []
    transfers = [trade for trade in trades if trade.side in ("transfer_out", "transfer_in")]
    matches: list[Match] = []
    while found := _closest_pairs(transfers, families, settings):
        matches += [_match(out, arrived, "amount", settings) for out, arrived in found]
        taken = {trade.id for pair in found for trade in pair}
        transfers = [trade for trade in transfers if trade.id not in taken]
    return matches


def candidate_pairs(
    transfers: Sequence[Trade], families: Mapping[str, int], settings: Matching
) -> Iterator[tuple[Trade, Trade]]:
    """What could be matched with what by amount, time and asset: (out, in), for each out the closest few."""
    arrivals: Arrivals = defaultdict(list)
    for trade in transfers:
        if trade.side == "transfer_in":
            slot = _slot(trade.executed_at, settings)
            kind = families.get(trade.asset, trade.asset)
            arrivals[kind, slot].append(Candidate(trade.quantity, trade.executed_at, trade))
    for candidates in arrivals.values():
        candidates.sort(key=_candidate_order)
    for trade in transfers:
        if trade.side == "transfer_out":
            fitting = [(trade, each.trade) for each in _fitting(trade, arrivals, families, settings)]
            yield from nsmallest(_MOST_CANDIDATES, fitting, key=_closeness)


def _closest_pairs(
    transfers: Sequence[Trade], families: Mapping[str, int], settings: Matching
) -> list[tuple[Trade, Trade]]:
    taken: set[str] = set()
    pairs = []
    for out, arrived in sorted(candidate_pairs(transfers, families, settings), key=_closeness):
        if out.id not in taken and arrived.id not in taken:
            taken |= {out.id, arrived.id}
            pairs.append((out, arrived))
    return pairs


def _fitting(
    out: Trade, arrivals: Arrivals, families: Mapping[str, int], settings: Matching
) -> Iterator[Candidate]:
    sent, at = out.quantity, out.executed_at
    least = sent - sent * settings.tolerance
    kind = families.get(out.asset, out.asset)
    first, last = _slot(at - settings.early, settings), _slot(at + settings.window, settings)
    for slot in range(first, last + 1):
        candidates = arrivals.get((kind, slot), [])
        start = bisect_left(candidates, least, key=_quantity)
        stop = bisect_right(candidates, sent, key=_quantity)
        for candidate in candidates[start:stop]:
            near = at - settings.early <= candidate.at <= at + settings.window
            if near and not _is_standstill(out, candidate.trade):
                yield candidate


def _match(out: Trade, arrived: Trade, by: MatchedBy, settings: Matching) -> Match:
    sent, received = out.quantity, arrived.quantity
    missing = sent - received
    same = out.asset == arrived.asset
    in_kind = missing >= ZERO and (same or missing <= sent * settings.tolerance)
    return Match(
        out.id,
        arrived.id,
        by,
        out.asset,
        arrived.asset,
        sent,
        received,
        missing if in_kind else ZERO,
        out.executed_at,
        arrived.executed_at,
    )


def _slot(at: datetime, settings: Matching) -> int:
    """Windows of time, so that what can match lies in a slot or the next."""
    width = max(settings.window + settings.early, timedelta(minutes=1))
    return (at - datetime(2000, 1, 1, tzinfo=at.tzinfo)) // width


def _is_standstill(out: Trade, arrived: Trade) -> bool:
    """The same asset back in the wallet it left has not moved."""
    return out.asset == arrived.asset and out.wallet == arrived.wallet and out.wallet is not None


def _same_asset(out: Trade, arrived: Trade, _families: Mapping[str, int]) -> bool:
    return out.asset == arrived.asset and not _is_standstill(out, arrived)


def _is_wrap(out: Trade, arrived: Trade, families: Mapping[str, int]) -> bool:
    family = families.get(out.asset)
    return family is not None and out.asset != arrived.asset and family == families.get(arrived.asset)


def _any_asset(out: Trade, arrived: Trade, _families: Mapping[str, int]) -> bool:
    return out.asset != arrived.asset


def _by_amount(legs: Iterable[Trade]) -> list[Trade]:
    return sorted(legs, key=lambda leg: (leg.quantity, leg.executed_at, leg.id))


def _candidate_order(candidate: Candidate) -> tuple[Decimal, datetime, str]:
    return candidate.quantity, candidate.at, candidate.trade.id


def _quantity(candidate: Candidate) -> Decimal:
    return candidate.quantity


def _closeness(pair: tuple[Trade, Trade]) -> tuple[Decimal, timedelta, datetime, str, str]:
    out, arrived = pair
    gap = abs(arrived.executed_at - out.executed_at)
    return out.quantity - arrived.quantity, gap, out.executed_at, out.id, arrived.id
