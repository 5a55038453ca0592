"""The values that all our bodies are made of: numbers, times, prices, reasons and failures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from ..core.amounts import format_decimal
from ..core.failures import Failure
from ..core.quotes import Price
from ..core.times import format_time
from .portfolio_schemas import ErrorBody, FlagBody, PriceBody

_MOST_NAMED = 3


def decimal_text(value: Decimal | None) -> str | None:
    """A number as plain digits; None is not known."""
    return None if value is None else format_decimal(value)


def time_text(moment: datetime | None) -> str | None:
    """A time as RFC 3339; None where there is none."""
    return None if moment is None else format_time(moment)


def price_body(price: Price | None) -> PriceBody | None:
    """Where a price comes from; None when no price counts."""
    if price is None or price.price_usd is None or price.source is None or price.as_of is None:
        return None
    return PriceBody(
        source=price.source,
        as_of=format_time(price.as_of),
        confidence=format_decimal(price.confidence),
        stale=price.stale,
        market=price.market,
    )


def mismatch_flags(trade_ids: Sequence[str]) -> list[FlagBody]:
    """A flag where trades are not what their transactions showed; none without such trades."""
    if not trade_ids:
        return []
    some = ", ".join(trade_ids[:_MOST_NAMED]) + (" and others" if len(trade_ids) > _MOST_NAMED else "")
    return [FlagBody(code="verification_mismatch", reason=f"not what the transaction showed: trade {some}")]


def price_flags(price: Price | None) -> list[FlagBody]:
    """Why a price does not count, or where it was taken over from."""
    return [] if price is None or price.reason is None else [reason_body(price.reason)]


def reason_body(reason: str) -> FlagBody:
    """A reason is `code: text`."""
    code, _, text = reason.partition(":")
    return FlagBody(code=code, reason=text.strip())


def error_body(failure: Failure, retry_url: str | None = None) -> ErrorBody:
    """What failed; without a `retry_url` it is tried again by asking again."""
    return ErrorBody(
        scope=failure.scope,
        chain=failure.chain,
        code=failure.code,
        message=failure.message,
        retry_url=retry_url,
        asset_id=failure.asset_id,
    )
