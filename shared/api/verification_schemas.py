"""The bodies of verification and discovery."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..core.discovery import Kind
from ..core.trades import AmountType, Side, Status
from ..core.transactions import State
from ..services.discovered import Keeping
from .portfolio_schemas import ErrorBody
from .schemas import AddressText, AssetIdText, DecimalText, RawText, Says, TimeText


class TransactionBody(TypedDict):
    """What the chain says of a transaction."""

    tx_hash: str
    chain: str
    chain_id: int
    state: Annotated[
        State | None,
        Says("`unknown`: no endpoint knows it. Null when the chain could not be asked; `errors` says why."),
    ]
    block_number: int | None
    block_time: TimeText | None
    fee: Annotated[DecimalText | None, Says("What its sender paid for it, in the native coin.")]
    fee_raw: RawText | None


class AmountBody(TypedDict):
    """The trade's quantity beside what the transaction moved for its wallet."""

    asset_id: str
    matches: Annotated[bool | None, Says("Null when it could not be told; `reason` says why.")]
    expected: Annotated[DecimalText, Says("The trade's quantity.")]
    expected_raw: RawText | None
    found: Annotated[DecimalText | None, Says("What the transaction moved.")]
    found_raw: RawText | None
    reason: str | None


class TimeCheckBody(TypedDict):
    """When the trade is said to have happened, beside the time of its block; a day apart is no mismatch."""

    matches: bool
    expected: Annotated[TimeText, Says("The trade's `executed_at`.")]
    found: TimeText
    reason: str | None


class OnChainBody(TypedDict):
    """What the chain showed of a trade when it was last verified."""

    matches: Annotated[
        bool | None,
        Says("Whether amount and time are those of the transaction; null when it could not be told."),
    ]
    block_number: int
    block_time: TimeText
    reason: Annotated[str | None, Says("Why they are not, or could not be told.")]


class VerificationBody(TypedDict):
    """What verifying a trade found. The status follows the chain; an amount is never changed.

    A transaction that succeeded confirms its trade also where it moved something else: then the trade's
    `on_chain` says so, and gains that it counts in are flagged `verification_mismatch`.
    """

    trade_id: str
    status: Status
    changed: Annotated[bool, Says("Whether this changed the trade's status.")]
    version: Annotated[int | None, Says("How often the trade was written.")]
    transaction: TransactionBody
    matches: Annotated[
        bool | None, Says("Whether amount and time are those of the transaction; null when not known.")
    ]
    amount: Annotated[AmountBody | None, Says("Null while the transaction is in no block.")]
    time: Annotated[TimeCheckBody | None, Says("Null while the transaction is in no block.")]
    complete: Annotated[bool, Says("False when `errors` is not empty.")]
    errors: list[ErrorBody]


class ProposedTradeBody(TypedDict):
    """A trade as it would be kept."""

    side: Side
    asset: AssetIdText
    symbol: str
    amount: DecimalText
    amount_raw: RawText
    amount_type: AmountType
    price_usd: Annotated[DecimalText | None, Says("Null: `price_reason` says why.")]
    price_reason: str
    total_usd: DecimalText | None
    fee_usd: DecimalText | None
    tx_hash: str
    chain: str
    wallet: AddressText
    status: Status
    executed_at: TimeText
    source: str
    link: Annotated[str | None, Says("What the legs of a swap share.")]
    listed: Annotated[bool, Says("Whether a token list vouches for the asset.")]
    spam: bool
    spam_reasons: list[str]
    kept: Annotated[
        Keeping | None,
        Says(
            "With `store`: what became of it. `existing`: you have it. `taken`: the transaction, asset and "
            "side are recorded for another wallet. `spam` and `uncertain` ones are not kept."
        ),
    ]
    trade_id: Annotated[str | None, Says("The trade that is kept.")]


class DiscoveredBody(TypedDict):
    """What a transaction amounts to for a wallet."""

    wallet: Annotated[
        AddressText | None, Says("Null where none was named and the chain does not know the transaction.")
    ]
    transaction: TransactionBody
    kind: Kind
    certain: Annotated[
        bool,
        Says("False where contracts may have paid native coins that could not be seen; `notes` says why."),
    ]
    notes: list[str]
    trades: list[ProposedTradeBody]


class RangeBody(TypedDict):
    """How far a range of blocks was read."""

    from_block: int
    to_block: Annotated[int | None, Says("No later than the chain's latest; null when that is not known.")]
    read_to: Annotated[int, Says("All before and in this block was read; below `from_block` for nothing.")]


class DiscoveryBody(TypedDict):
    """Proposed trades by transaction, in the chain's order."""

    chain: str
    chain_id: int
    range: RangeBody | None
    items: list[DiscoveredBody]
    next_cursor: Annotated[str | None, Says("Send it with the same body to go on; null at the end.")]
    complete: Annotated[bool, Says("False when `errors` is not empty.")]
    errors: list[ErrorBody]
