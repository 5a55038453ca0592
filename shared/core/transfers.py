"""Own transfers: which coins that left one wallet are the ones that came into another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from .counterparts import Reach, legs_of, pairs_of
from .ids import AssetId
from .lots import ZERO
from .trade_type import NOT_LINKED, Trade

MatchedBy = Literal["link", "transaction", "amount"]
_SIDES = ("transfer_out", "transfer_in", "sell", "buy")


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

    @property
    def reach(self) -> Reach:
        return Reach(self.tolerance, self.window, self.early)


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
    cost is carried by the received quantity. `elsewhere` is what the same transaction sent beyond `sent`, to
    others. To revoke a match, give one of its trades the link `none` or another one.
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
    elsewhere: Decimal = ZERO

    @property
    def is_rescaled(self) -> bool:
        """Whether the units change: the received quantity stands for all that was sent."""
        return self.received + self.fee != self.sent


def event_key(trade: Trade) -> tuple[str, str] | None:
    """What the legs of one event share: a link, or a transaction on a chain; None for a trade by itself."""
    if trade.link is not None:
        return None if trade.link == NOT_LINKED else ("link", trade.link)
    return None if trade.tx_hash is None else (trade.chain or "", trade.tx_hash)


def match_legs(legs: Sequence[Trade], families: Mapping[str, int], settings: Matching) -> list[Match]:
    """The moves within one event, whose legs are in order: transfers of an asset, then of a family; a wrap.

    Of several the closest amounts are paired first. An explicit link also pairs one transfer with another of
    any other asset, and whatever the amounts; what arrives by transaction alone is at most what was sent.
    """
    linked = legs[0].link is not None
    sides = {side: [leg for leg in legs_of(legs) if leg.trade.side == side] for side in _SIDES}
    outs, ins = sides["transfer_out"], sides["transfer_in"]
    sells, buys = sides["sell"], sides["buy"]
    if len(sells) == len(buys) == 1 and _is_wrap(sells[0].asset, buys[0].asset, families):
        outs, ins = outs + sells, ins + buys
    by: MatchedBy = "link" if linked else "transaction"
    pairs = pairs_of(outs, ins, families, Reach(linked=linked))
    return [_match(out.trade, arrived.trade, by, settings) for out, arrived in pairs]


def match_by_amount(trades: Sequence[Trade], families: Mapping[str, int], settings: Matching) -> list[Match]:
    """Transfers, which are in order, paired by amount and time: the closest amounts first, then times."""
    if not settings.automatic:
        return []
    legs = legs_of(trades)
    outs = [leg for leg in legs if leg.trade.side == "transfer_out"]
    ins = [leg for leg in legs if leg.trade.side == "transfer_in"]
    pairs = pairs_of(outs, ins, families, settings.reach)
    return [_match(out.trade, arrived.trade, "amount", settings) for out, arrived in pairs]


def _match(out: Trade, arrived: Trade, by: MatchedBy, settings: Matching) -> Match:
    sent, received = out.quantity, arrived.quantity
    missing = sent - received
    same = out.asset == arrived.asset
    little = ZERO <= missing <= sent * settings.tolerance
    elsewhere = missing if same and by == "transaction" and not little else ZERO
    fee = missing if little or (same and missing >= ZERO and not elsewhere) else ZERO
    return Match(
        out.id,
        arrived.id,
        by,
        out.asset,
        arrived.asset,
        sent - elsewhere,
        received,
        fee,
        out.executed_at,
        arrived.executed_at,
        elsewhere,
    )


def _is_wrap(sold: AssetId, bought: AssetId, families: Mapping[str, int]) -> bool:
    family = families.get(sold)
    return family is not None and sold != bought and family == families.get(bought)
