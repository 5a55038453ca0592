"""The body of a portfolio's history, as the HTTP contract has it."""

from __future__ import annotations

from typing import Annotated, NotRequired

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..core.fragments import HeldAs
from ..core.snapshots import Interval
from .portfolio_schemas import ErrorBody, FlagBody
from .schemas import AssetIdText, DecimalText, Says, TimeText


class SnapshotAssetBody(TypedDict):
    """One asset as it was kept: held by the addresses themselves, or for them in a protocol."""

    asset_id: AssetIdText
    symbol: str
    balance: Annotated[DecimalText, Says("Above zero for a debt, too.")]
    price_usd: Annotated[DecimalText | None, Says("Null when it had no price.")]
    value_usd: Annotated[DecimalText | None, Says("Below zero for a debt.")]
    protocol: Annotated[str, Says("`wallet` for what the addresses hold themselves; else such as `aave-v3`.")]
    kind: Annotated[HeldAs, Says("`wallet`: by the addresses themselves. A `debt` is owed.")]


class SnapshotBody(TypedDict):
    """What everything was worth at a time."""

    id: str
    timestamp: TimeText
    total_usd: DecimalText
    complete: Annotated[bool, Says("False when something could not be read then.")]
    change_usd: Annotated[
        DecimalText | None,
        Says("Since the one before in the range; null for the first and where one is incomplete."),
    ]
    change_pct: Annotated[DecimalText | None, Says("In percent; null after a total of zero or less, too.")]
    assets: NotRequired[Annotated[list[SnapshotAssetBody], Says("With `include_assets=true`.")]]
    errors: NotRequired[
        Annotated[list[ErrorBody], Says("What could not be read then; with `include_assets=true`.")]
    ]


class ReturnBody(TypedDict):
    """A return, or why it cannot be known; a `reason` beside a return is a warning."""

    pct: Annotated[DecimalText | None, Says("Over the whole range, in percent.")]
    annualised_pct: Annotated[DecimalText | None, Says("A year; only for ranges above one year.")]
    reason: FlagBody | None


class DrawdownBody(TypedDict):
    """The worst fall from a peak, flows removed; or why it cannot be known."""

    pct: Annotated[DecimalText | None, Says("How deep, in percent of the peak; 0 when there was none.")]
    peak_at: TimeText | None
    trough_at: TimeText | None
    reason: FlagBody | None


# `from` is a word of Python's, so these two cannot be written as fields of a class.
_Between = TypedDict("_Between", {"from": TimeText | None, "to": TimeText | None})


class PerformanceBody(_Between):
    """Returns from the first complete snapshot of the range to its last, with the ledger's flows."""

    interval: Annotated[
        Interval, Says("What was measured by, whatever is listed; coarser in a very long range.")
    ]
    valuations: Annotated[int, Says("Snapshots measured by.")]
    left_out: Annotated[int, Says("Incomplete snapshots, which are not.")]
    flows: Annotated[int, Says("Times when money or coins came in or went out.")]
    time_weighted_return: Annotated[ReturnBody, Says("Of a dollar that was there all the time.")]
    money_weighted_return: Annotated[ReturnBody, Says("XIRR: of the money while it was there.")]
    max_drawdown: DrawdownBody


class HistoryBody(TypedDict):
    """A page of snapshots, and on the first page the returns over the whole range."""

    items: list[SnapshotBody]
    next_cursor: Annotated[str | None, Says("Null at the end.")]
    performance: NotRequired[Annotated[PerformanceBody, Says("Without a `cursor` only.")]]
