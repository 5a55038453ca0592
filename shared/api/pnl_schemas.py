"""The body of profit and loss, as the HTTP contract has it."""

from __future__ import annotations

from typing import (
    Annotated,
    NotRequired,  # pydantic cannot read the standard library's before Python 3.12
)

from typing_extensions import (
    TypedDict,
)

from ..core.disposals import DisposalKind
from ..core.fees import FeeRuleName
from ..core.ledger import MissingBasis, PoolScope
from ..core.methods import Method
from ..core.reconcile import Explanation
from ..core.terms import Term
from ..core.transfers import MatchedBy
from .portfolio_schemas import ErrorBody, FlagBody, PriceBody
from .schemas import AddressText, DecimalText, Says, TimeText

AssetText = Annotated[str, Says("CAIP-19, or a symbol where the asset has no chain.")]
TradeIdText = Annotated[str, Says("A trade's id.")]
Known = Annotated[DecimalText | None, Says("Null where it depends on something unknown; see `flags`.")]


class TotalsBody(TypedDict):
    """Sums of what is known.

    `partial` names the fields that leave something unknown out; the lines of `assets` have their reasons in
    `flags`. Such a field has the sum of the rest, or null where the rest comes to nothing: a zero is always
    known to be zero.

    realised + unrealised = proceeds + market value + withdrawn
    − (opening cost + invested + income + deposited + carried), exactly, as long as `partial` is empty.
    """

    realised_usd: Annotated[DecimalText | None, Says("Gains on what was disposed of, after fees.")]
    realised_short_usd: Annotated[DecimalText | None, Says("Of it, on what was held up to a year.")]
    realised_long_usd: Annotated[DecimalText | None, Says("Of it, on what was held more than a year.")]
    realised_low_usd: Annotated[
        DecimalText | None, Says("If what has no basis cost its market value; null without a bound.")
    ]
    realised_high_usd: Annotated[
        DecimalText | None, Says("If what has no basis cost nothing; null without a bound.")
    ]
    unrealised_usd: Annotated[
        DecimalText | None, Says("Market value less cost, of the assets of which both are known.")
    ]
    income_usd: Annotated[DecimalText | None, Says("Market value of what was earned.")]
    fees_usd: Annotated[DecimalText | None, Says("All fees, whatever the rules do with them.")]
    invested_usd: Annotated[DecimalText | None, Says("What buys cost, with their fees.")]
    proceeds_usd: Annotated[DecimalText | None, Says("What came for disposals, less their fees.")]
    deposited_usd: Annotated[DecimalText | None, Says("Basis of coins that came from outside.")]
    withdrawn_usd: Annotated[DecimalText | None, Says("Cost of coins that left unsold.")]
    carried_usd: Annotated[
        DecimalText | None, Says("Cost that wraps brought in less what they took; zero over all assets.")
    ]
    opening_cost_usd: Annotated[DecimalText | None, Says("Cost of what was held when the period began.")]
    cost_basis_usd: Annotated[DecimalText | None, Says("Cost of what is held.")]
    market_value_usd: Annotated[DecimalText | None, Says("Of what is held, at today's prices.")]
    return_pct: Annotated[
        DecimalText | None,
        Says(
            "(realised + unrealised + income) ÷ (opening cost + invested + deposited + carried), in percent, "
            "of the assets of which all of this is known; null when nothing was put into them."
        ),
    ]
    partial: Annotated[list[str], Says("Fields here that leave something unknown out.")]


class AssetPnlBody(TypedDict):
    """One asset's line."""

    asset_id: AssetText
    symbol: str
    quantity: Annotated[DecimalText, Says("Held at the end of the period.")]
    cost_basis_usd: Known
    average_cost_usd: Known
    price_usd: Known
    market_value_usd: Known
    realised_usd: Known
    realised_low_usd: Known
    realised_high_usd: Known
    unrealised_usd: Known
    income_usd: Known
    fees_usd: Known
    invested_usd: Known
    proceeds_usd: Known
    deposited_usd: Known
    withdrawn_usd: Known
    carried_usd: Known
    opening_cost_usd: Known
    missing_basis_quantity: Annotated[DecimalText, Says("Of the period, without a documented acquisition.")]
    price: PriceBody | None
    flags: Annotated[
        list[FlagBody],
        Says("`missing_basis`, `missing_price`, `verification_mismatch`, or why it has no price."),
    ]


class DoubtBody(TypedDict):
    """Why a cost is assumed, and between which bounds it lies."""

    code: Annotated[str, Says("`missing_basis` or `missing_price`.")]
    low_usd: DecimalText
    high_usd: Annotated[DecimalText | None, Says("Null when no bound is known.")]


class OpenLotBody(TypedDict):
    """An acquisition of which something is left."""

    asset_id: AssetText
    wallet: Annotated[AddressText | None, Says("Null where the wallets share one pool, and in transit.")]
    acquired_at: TimeText
    quantity: Annotated[DecimalText, Says("As acquired.")]
    remaining: DecimalText
    unit_cost_usd: Known
    cost_basis_usd: Annotated[DecimalText | None, Says("Of what remains.")]
    trade_id: Annotated[TradeIdText, Says("The trade that opened it.")]
    doubt: DoubtBody | None


class MatchedBody(TypedDict):
    """The part of a lot that a disposal took."""

    lot_trade_id: Annotated[TradeIdText | None, Says("Null for what was not in the ledger.")]
    acquired_at: Annotated[TimeText | None, Says("Null for what was not in the ledger.")]
    quantity: DecimalText
    cost_basis_usd: Known
    held_days: int
    term: Term
    doubt: DoubtBody | None


class DisposalBody(TypedDict):
    """What was sold or spent, and the lots that it consumed."""

    kind: DisposalKind
    asset_id: AssetText
    trade_id: TradeIdText
    wallet: AddressText | None
    disposed_at: TimeText
    quantity: DecimalText
    proceeds_usd: Known
    cost_basis_usd: Known
    gain_usd: Known
    gain_low_usd: Annotated[DecimalText | None, Says("The gain's bounds, where a basis is missing.")]
    gain_high_usd: DecimalText | None
    term: Annotated[Term, Says("`long` when all of it was held for more than a year.")]
    missing_basis_quantity: Annotated[DecimalText, Says("What was disposed of beyond what was held.")]
    matched: list[MatchedBody]
    flags: list[FlagBody]


class TransferBody(TypedDict):
    """Coins that moved and stayed the caller's: their lots keep date and cost.

    To revoke it, give one of its trades the `link` `none`, or another one.
    """

    out_trade_id: TradeIdText
    in_trade_id: TradeIdText
    matched_by: Annotated[MatchedBy, Says("A common link or transaction, or amount and time.")]
    asset_sent: AssetText
    asset_received: AssetText
    sent: DecimalText
    received: DecimalText
    fee: Annotated[DecimalText, Says("What was sent and did not arrive.")]
    sent_at: TimeText
    received_at: TimeText


class ReconciliationBody(TypedDict):
    """What a wallet holds of an asset by all confirmed trades, and by its chain.

    chain − ledger = explained + unexplained.
    """

    wallet: AddressText | None
    asset_id: AssetText
    ledger_quantity: Annotated[DecimalText, Says("Below zero, acquisitions are missing.")]
    chain_quantity: Annotated[DecimalText | None, Says("Null when it was not read; see `reason`.")]
    block_number: int | None
    block_time: TimeText | None
    explained: DecimalText
    explanation: Explanation | None
    unexplained: DecimalText | None
    reason: FlagBody | None


class ComparisonBody(TypedDict):
    """The same trades by one method and scope."""

    method: Method
    scope: PoolScope
    totals: TotalsBody


# `from` is a word of Python's, so these two cannot be written as fields of a class.
_Between = TypedDict("_Between", {"from": TimeText | None, "to": TimeText | None})


class PnlBody(_Between):
    """Profit and loss of the caller's confirmed trades."""

    method: Method
    scope: PoolScope
    fees: FeeRuleName
    missing_basis: MissingBasis
    time_zone: str
    as_of: Annotated[TimeText, Says("When the chains and prices were asked.")]
    complete: Annotated[bool, Says("False when `errors` is not empty.")]
    totals: TotalsBody
    assets: Annotated[list[AssetPnlBody], Says("By market value, unpriced last.")]
    reconciliation: list[ReconciliationBody]
    lots: NotRequired[Annotated[list[OpenLotBody], Says("With `include=lots`: what is held, by age.")]]
    disposals: NotRequired[Annotated[list[DisposalBody], Says("With `include=disposals`.")]]
    transfers: NotRequired[Annotated[list[TransferBody], Says("With `include=transfers`: own transfers.")]]
    withdrawals: NotRequired[
        Annotated[
            list[DisposalBody], Says("With `include=transfers`: coins that left unsold, at their cost.")
        ]
    ]
    comparison: NotRequired[Annotated[list[ComparisonBody], Says("With `compare=true`.")]]
    errors: list[ErrorBody]
