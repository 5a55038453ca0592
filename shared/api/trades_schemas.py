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

from ..core.trades import AmountType, Side, Status
from ..web.messages import Json
from .schemas import AddressText, AssetIdText, DecimalText, Says, TimeText, closed
from .verification_schemas import VerificationBody


@dataclass(frozen=True, slots=True)
class _Exact:
    """A number as it was written: text, or a JSON number that never became a float."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """The name by which pydantic asks how to check it."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(_as_written)

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Json:
        """The name by which pydantic asks for its schema."""
        text = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "format": "decimal", "maxLength": 100}
        return {"anyOf": [text, {"type": "number", "minimum": 0}]}


def _as_written(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError('must be a decimal string such as "12.5"')  # noqa: TRY004  pydantic wants ValueError
    return value


Number = Annotated[Any, _Exact()]
TxHash = Annotated[str, Says(keywords=(("pattern", "^0[xX][0-9a-fA-F]{64}$"),))]


@closed
class LotBody(TypedDict):
    """How much a disposal takes from the lot that a trade opened."""

    trade_id: str
    quantity: Number


class _Told(TypedDict, total=False):
    symbol: Annotated[str, Says("Where it is left out: what the asset is listed with.")]
    amount: Annotated[Number | None, Says("Two of amount, price and total determine the third.")]
    amount_type: Annotated[AmountType, Says("`token` (default): units of the asset. `usd`: dollars.")]
    price_usd: Number | None
    total_usd: Number | None
    fee_usd: Annotated[Number | None, Says("What the fee was worth.")]
    fee_asset: Annotated[str | None, Says("The coin that the fee was paid in; needs `fee_amount`.")]
    fee_amount: Number | None
    tx_hash: TxHash | None
    chain: Annotated[str | None, Says("Slug, id or CAIP-2; where it is left out, the asset's.")]
    wallet: Annotated[str | None, Says("`0x…` or an ENS name.")]
    status: Annotated[Status, Says("`confirmed` (default) alone counts in gains.")]
    executed_at: Annotated[TimeText, Says("Now, where it is left out.")]
    notes: Annotated[str | None, Says("At most 2000 characters.")]
    link: Annotated[str | None, Says("Joins the legs of one event; `none` keeps a trade by itself.")]
    lots: Annotated[list[LotBody] | None, Says("What a disposal takes, under specific identification.")]
    basis_usd: Annotated[Number | None, Says("What a `transfer_in` once cost.")]
    acquired_at: Annotated[TimeText | None, Says("When a `transfer_in` was once acquired.")]


class _Needed(TypedDict):
    side: Side
    asset: Annotated[str, Says("CAIP-19, or a plain symbol where the asset has no chain.")]


@closed
class NewTradeBody(_Needed, _Told):
    """A trade to record."""


@closed
class NewTradesBody(TypedDict):
    """Several trades to record: all of them or none."""

    trades: Annotated[list[NewTradeBody], Says(keywords=(("minItems", 1), ("maxItems", 500)))]


@closed
class TradeChangesBody(_Told, total=False):
    """What is to be another way; a total that is not named follows from amount and price."""

    side: Side
    asset: str


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
    source: Annotated[str, Says("Where it comes from: `api`, `import` or `discovery`.")]
    notes: str
    fee_asset: str | None
    fee_amount: DecimalText | None
    link: str | None
    lots: list[LotPickBody]
    basis_usd: DecimalText | None
    acquired_at: TimeText | None
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


class ImportBody(TypedDict):
    """What became of the rows."""

    imported: int
    skipped: int
    errors: list[RowFaultBody]
