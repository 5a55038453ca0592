"""Trade: what the user says happened, and the order trades are listed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args

from .bulk import without_collection
from .ids import Address, AssetId
from .trade_amounts import AmountType, derive

Side = Literal["buy", "sell", "transfer_in", "transfer_out", "income", "fee"]
Status = Literal["pending", "confirmed", "failed"]

SIDES: tuple[Side, ...] = get_args(Side)
STATUSES: tuple[Status, ...] = get_args(Status)
INCOMING: frozenset[Side] = frozenset({"buy", "transfer_in", "income"})

NOT_LINKED = "none"
"""A `link` that keeps a trade by itself: it is never matched, neither by transaction nor by amount."""


class LotPick(NamedTuple):
    """How much a disposal takes from the lot that a trade opened (specific identification)."""

    trade_id: str
    quantity: Decimal


class OnChain(NamedTuple):
    """What the chain showed of a trade's transaction when it was last looked at, in the block that it is in.

    `matches`: whether the trade says the same; None is not known. `reason` says why it is not so.
    """

    matches: bool | None
    block_number: int
    block_time: datetime
    reason: str | None = None


class Trade(NamedTuple):
    """One recorded trade. A tuple, because one answer may build a hundred thousand of them.

    `asset` is a CAIP-19 id, or an upper-case symbol where the asset has no chain. Of the money fields None
    is unknown, except `fee_usd`, whose None means no fee when `fee_asset` is None too. A fee paid in a coin
    is `fee_amount` of `fee_asset`, worth `fee_usd`. Trades that share a `link`, or a `tx_hash` on one chain,
    are legs of one event: a swap, a wrap, an own transfer, their gas. `basis_usd` and `acquired_at` document
    what a `transfer_in` once cost, and when. `lots` names what a disposal takes under specific
    identification. `on_chain` is None while nobody has looked, or since it was changed.
    """

    id: str
    user_id: str
    side: Side
    asset: AssetId
    symbol: str
    amount: Decimal
    amount_type: AmountType
    price_usd: Decimal | None
    total_usd: Decimal | None
    fee_usd: Decimal | None
    tx_hash: str | None
    chain: str | None
    wallet: Address | None
    status: Status
    executed_at: datetime
    created_at: datetime
    source: str = "api"
    notes: str = ""
    fee_asset: AssetId | None = None
    fee_amount: Decimal | None = None
    link: str | None = None
    lots: tuple[LotPick, ...] = ()
    basis_usd: Decimal | None = None
    acquired_at: datetime | None = None
    on_chain: OnChain | None = None

    @property
    def quantity(self) -> Decimal:
        """Units of the asset: `amount`, or dollars ÷ price when `amount_type` is usd."""
        if self.amount_type == "token":
            return self.amount
        assert self.price_usd is not None  # checked() lets no other usd amount through
        return derive(self.amount, self.price_usd)

    @property
    def is_incoming(self) -> bool:
        return self.side in INCOMING


def trades_of(rows: Iterable[Sequence[Any]]) -> list[Trade]:
    """Trades from rows that have every field in its place, as a store reads them; they are not checked."""
    with without_collection():
        return [tuple.__new__(Trade, row) for row in rows]


def canonical_order(trade: Trade) -> tuple[datetime, str]:
    """The order of trades in lists and pages."""
    return trade.executed_at, trade.id
