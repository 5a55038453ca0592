"""The bodies of trades, as the HTTP contract has them: what comes in and what goes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    NotRequired,  # pydantic cannot read the standard library's before Python 3.12
)

from typing_extensions import (
    TypedDict,
)

from ..core.trades import MAX_DECIMALS, MAX_DIGITS, MAX_NOTES, AmountType, Side, Status
from ..services.trades import MAX_BULK
from ..services.trades_drafts import MAX_LOTS, TRADE_ID
from ..web.messages import Json
from .schemas import (
    AddressText,
    AnyAssetText,
    AssetIdText,
    ChainText,
    DecimalText,
    MomentText,
    Says,
    TimeText,
    WalletText,
    closed,
)
from .verification_schemas import OnChainBody, VerificationBody

_SYMBOL = r'^[^\s\x00-\x1f\x7f,;"]{1,32}$'
_DECIMALS = rf"^[0-9]+(\.[0-9]{{1,{MAX_DECIMALS}}})?$"
_DIGITS = rf"^0*\.?0*([0-9]\.?){{0,{MAX_DIGITS}}}$"


@dataclass(frozen=True, slots=True)
class _Exact:
    """A number as it was written: text, or a JSON number that never became a float."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """The name by which pydantic asks how to check it."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(_as_written)

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Json:
        """The name by which pydantic asks for its schema."""
        text = {"type": "string", "format": "decimal", "maxLength": 100}
        patterns = [{"pattern": _DECIMALS}, {"pattern": _DIGITS}]
        number = {"type": "number", "minimum": 0, "exclusiveMaximum": 10**MAX_DIGITS}
        return {"anyOf": [{**text, "allOf": patterns}, number]}


def _as_written(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError('must be a decimal string such as "12.5"')  # noqa: TRY004  pydantic wants ValueError
    return value


Number = Annotated[Any, _Exact()]
TxHash = Annotated[str, Says(keywords=(("pattern", "^0[xX][0-9a-fA-F]{64}$"),))]


@closed
class LotBody(TypedDict):
    """How much a disposal takes from the lot that a trade opened."""

    trade_id: Annotated[str, Says(keywords=(("pattern", f"^{TRADE_ID.pattern}$"),))]
    quantity: Number


_Notes = Annotated[str, Says(keywords=(("maxLength", MAX_NOTES),))]
_Link = Annotated[str, Says(keywords=(("pattern", "^[A-Za-z0-9._:-]{1,128}$"),))]
_Lots = Annotated[list[LotBody], Says(keywords=(("maxItems", MAX_LOTS),))]


class _Told(TypedDict, total=False):
    symbol: Annotated[
        str, Says("Where it is left out: what the asset is listed with.", (("pattern", _SYMBOL),))
    ]
    amount: Annotated[Number | None, Says("Above zero. Two of amount, price and total determine the third.")]
    amount_type: Annotated[AmountType, Says("`token` (default): units of the asset. `usd`: dollars.")]
    price_usd: Number | None
    total_usd: Number | None
    fee_usd: Annotated[Number | None, Says("What the fee was worth.")]
    fee_asset: Annotated[AnyAssetText | None, Says("The coin that the fee was paid in; needs `fee_amount`.")]
    fee_amount: Annotated[Number | None, Says("Above zero; needs `fee_asset`.")]
    tx_hash: TxHash | None
    chain: Annotated[ChainText | None, Says("Where it is left out: the asset's.")]
    wallet: WalletText | None
    status: Annotated[Status, Says("`confirmed` (default) alone counts in gains.")]
    executed_at: Annotated[
        MomentText, Says("2009 or later, and at most a day ahead. Now, where it is left out.")
    ]
    notes: _Notes | None
    link: Annotated[_Link | None, Says("Joins the legs of one event; `none` keeps a trade by itself.")]
    lots: Annotated[_Lots | None, Says("What a disposal takes, under specific identification.")]
    basis_usd: Annotated[Number | None, Says("What a `transfer_in` once cost.")]
    acquired_at: Annotated[MomentText | None, Says("When a `transfer_in` was once acquired.")]


class _Needed(TypedDict):
    side: Side
    asset: AnyAssetText


@closed
class NewTradeBody(_Needed, _Told):
    """A trade to record."""


@closed
class NewTradesBody(TypedDict):
    """Several trades to record: all of them or none."""

    trades: Annotated[list[NewTradeBody], Says(keywords=(("minItems", 1), ("maxItems", MAX_BULK)))]


@closed
class TradeChangesBody(_Told, total=False):
    """What is to be another way; a total that is not named follows from amount and price."""

    side: Side
    asset: AnyAssetText


class LotPickBody(TypedDict):
    """How much a disposal takes from the lot that a trade opened."""

    trade_id: str
    quantity: DecimalText


class TradeBody(TypedDict):
    """A recorded trade."""

    id: str
    user_id: str
    side: Side
    asset: AssetIdText
    symbol: str
    amount: DecimalText
    amount_type: AmountType
    price_usd: Annotated[DecimalText | None, Says("Null when it is not known.")]
    total_usd: Annotated[DecimalText | None, Says("Null when it is not known.")]
    fee_usd: DecimalText | None
    tx_hash: TxHash | None
    chain: Annotated[str | None, Says("The chain's slug.")]
    wallet: AddressText | None
    status: Status
    executed_at: TimeText
    created_at: TimeText
    source: Annotated[str, Says("Where it comes from: `api`, `import` or `discover`.")]
    notes: str
    fee_asset: str | None
    fee_amount: DecimalText | None
    link: str | None
    lots: list[LotPickBody]
    basis_usd: DecimalText | None
    acquired_at: TimeText | None
    on_chain: Annotated[OnChainBody | None, Says("Null while it is not verified, or since it was changed.")]
    verification: NotRequired[Annotated[VerificationBody, Says("Only in the answer to `verify=true`.")]]


class TradesBody(TypedDict):
    """Trades in the order given."""

    items: list[TradeBody]


class TradePageBody(TypedDict):
    """Some of the trades."""

    items: list[TradeBody]
    next_cursor: Annotated[str | None, Says("Null at the end.")]


class RowFaultBody(TypedDict):
    """Why a row was not accepted."""

    row: Annotated[int, Says("The row's number, the first one behind the header being 1.")]
    line: Annotated[int, Says("The line that the row begins on, the header being on line 1.")]
    field: str
    message: str


class RecordedRowBody(TypedDict):
    """A row that is recorded already: of a transaction that is, or like a kept trade in every field."""

    row: Annotated[int, Says("The row's number, the first one behind the header being 1.")]
    trade_id: Annotated[str, Says("The trade that it is recorded as.")]


class ImportBody(TypedDict):
    """What became of the rows; `errors` has the reason for each that is not accepted."""

    imported: int
    skipped: int
    errors: list[RowFaultBody]
    duplicates: Annotated[list[RecordedRowBody], Says("Those of them that are recorded already.")]
