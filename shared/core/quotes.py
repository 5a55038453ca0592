"""Quote: one source's price of an asset. Price: the one chosen from them, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from .amounts import EXACT, format_decimal
from .ids import AssetId

ISSUER = "backed"
"""The source that issues what it prices: its own quote comes first."""
SOURCE_ORDER = (ISSUER, "coinmarketcap", "coingecko", "llama")
"""Who is preferred among equals: the issuer, then by how directly the source sees the markets."""

UNSTATED_CONFIDENCE = dict.fromkeys((ISSUER, "coinmarketcap", "coingecko"), Decimal("0.9"))
"""Taken for the sources that never state one; whoever else says nothing of it is not counted."""
LEAST_CONFIDENCE = Decimal("0.5")
LEAST_VOLUME_USD = Decimal(1_000)
"""A market that trades less in a day can be moved by anybody."""

STALE_AFTER = timedelta(minutes=15)
OLDEST = timedelta(hours=24)
# The longest an exchange stays closed is a weekend with a holiday at either end.
OLDEST_WHILE_CLOSED = timedelta(days=5)
_CLOCK_SKEW = timedelta(minutes=10)

# How far apart two prices are is measured on the lower one.
_AGREES = Decimal("0.02")
_STRONGLY_APART = Decimal("0.1")
_WILDLY_APART = Decimal(1)
_MILD_PENALTY = Decimal("0.2")
_CONFIDENCE_STEP = Decimal("0.0001")


class Quote(NamedTuple):
    """What one source says: US dollars for one unit of the asset at `as_of`.

    `confidence` is the source's own, 0 to 1, and `volume_usd_24h` what was traded in the last day; both None
    where it states none. `market` is the state of the market that the price comes from: open, closed,
    extended, overnight, halted or unknown.
    """

    asset_id: AssetId
    source: str
    price_usd: Decimal
    as_of: datetime
    confidence: Decimal | None = None
    volume_usd_24h: Decimal | None = None
    market: str = "open"


class Price(NamedTuple):
    """The choice among an asset's quotes.

    `price_usd` is None when no quote may be counted: then `reason` says why, as `code: text`, and `quotes`
    still holds what the sources said. A price taken over from another asset has a `reason` too. `source` and
    `as_of` are the chosen quote's.
    """

    asset_id: AssetId
    price_usd: Decimal | None
    source: str | None
    as_of: datetime | None
    confidence: Decimal
    stale: bool
    market: str
    quotes: tuple[Quote, ...]
    reason: str | None = None

    @property
    def reason_code(self) -> str | None:
        """The code that `reason` starts with."""
        return self.reason.partition(":")[0] if self.reason else None

    @property
    def reason_text(self) -> str | None:
        """What `reason` says after its code."""
        return self.reason.partition(": ")[2] if self.reason else None


def unpriced(asset_id: AssetId, reason: str, quotes: tuple[Quote, ...] = ()) -> Price:
    """The Price of an asset that has none; `reason` is `code: text`."""
    return Price(
        asset_id=asset_id,
        price_usd=None,
        source=None,
        as_of=None,
        confidence=Decimal(0),
        stale=False,
        market=_market(quotes),
        quotes=quotes,
        reason=reason,
    )


def choose(asset_id: AssetId, quotes: Iterable[Quote], now: datetime) -> Price:
    """One source's own price, never a mean of them; the order of the quotes does not matter.

    The issuer's quote wins, else the one that the fresh and confident quotes agree with most. The price is as
    sure as the surest quote within 2 % of it, less what the others take away by saying something else.
    """
    said = tuple(sorted(quotes, key=_listing_order))
    refusals = [refusal(quote, now) for quote in said]
    counted = [quote for quote, reason in zip(said, refusals, strict=True) if reason is None]
    if not counted:
        reason = next((r for r in refusals if r is not None), "unknown: no price source knows this asset")
        return unpriced(asset_id, reason, said)
    candidates = [quote for quote in counted if not _is_contested(quote, counted)]
    if not candidates:
        return unpriced(asset_id, _disagreement(counted), said)
    chosen = max(candidates, key=lambda quote: _preference(quote, counted, now))
    return Price(
        asset_id=asset_id,
        price_usd=chosen.price_usd,
        source=chosen.source,
        as_of=chosen.as_of,
        confidence=_confidence(chosen, counted, now).quantize(_CONFIDENCE_STEP),
        stale=is_stale(chosen, now),
        market=_market((chosen, *said)),
        quotes=said,
    )


def refusal(quote: Quote, now: datetime) -> str | None:
    """Why a quote may not be counted, as `code: text`; None if it may."""
    oldest = OLDEST_WHILE_CLOSED if quote.market == "closed" else OLDEST
    confidence, volume = _stated_confidence(quote), quote.volume_usd_24h
    if quote.market == "halted":
        return f"market_halted: trading is halted, so what {quote.source} quotes means nothing"
    if confidence is None or confidence < LEAST_CONFIDENCE:
        below = f"a confidence of {format_decimal(confidence or Decimal(0))}, below {LEAST_CONFIDENCE}"
        return f"low_confidence: {quote.source} states {'no confidence' if confidence is None else below}"
    if volume is not None and volume < LEAST_VOLUME_USD:
        return f"thin_market: {quote.source} knows of {volume:.0f} USD traded within a day"
    if now - quote.as_of > oldest:
        return f"too_old: the last price of {quote.source} is of {quote.as_of:%Y-%m-%d %H:%M} UTC"
    if quote.as_of - now > _CLOCK_SKEW:
        return f"bad_time: the price of {quote.source} is stamped in the future"
    return None


def is_stale(quote: Quote, now: datetime) -> bool:
    """Whether a newer price should exist by now; not so while the quote's market is closed."""
    return quote.market != "closed" and now - quote.as_of > STALE_AFTER


def _market(quotes: Sequence[Quote]) -> str:
    """The issuer knows the market best; else what the first quote says."""
    issued = [quote.market for quote in quotes if quote.source == ISSUER]
    return next(iter((*issued, *(quote.market for quote in quotes))), "unknown")


def _listing_order(quote: Quote) -> tuple[object, ...]:
    """Total, so that the same quotes are always listed, and equals always decided, in the same way."""
    unknown = Decimal(-1)
    return (
        _source_rank(quote),
        quote.source,
        -quote.as_of.timestamp(),
        quote.price_usd,
        unknown if quote.confidence is None else quote.confidence,
        unknown if quote.volume_usd_24h is None else quote.volume_usd_24h,
        quote.market,
    )


def _source_rank(quote: Quote) -> int:
    return SOURCE_ORDER.index(quote.source) if quote.source in SOURCE_ORDER else len(SOURCE_ORDER)


def _preference(quote: Quote, counted: Sequence[Quote], now: datetime) -> tuple[bool, Decimal, Decimal, int]:
    """Larger is better; where all is equal, the first in listing order stays."""
    issued = quote.source == ISSUER
    return issued, _confidence(quote, counted, now), _own_confidence(quote, now), -_source_rank(quote)


def _stated_confidence(quote: Quote) -> Decimal | None:
    """The source's own, or what is taken for one that never states any."""
    return UNSTATED_CONFIDENCE.get(quote.source) if quote.confidence is None else quote.confidence


def _own_confidence(quote: Quote, now: datetime) -> Decimal:
    """As stated, halved when stale: what may be counted fresh is then never below what is stale."""
    own = min(_stated_confidence(quote) or Decimal(0), Decimal(1))
    return own / 2 if is_stale(quote, now) else own


def _confidence(quote: Quote, counted: Sequence[Quote], now: datetime) -> Decimal:
    """Chosen so that one more quote in agreement can never lower it.

    Of n quotes, each strongly apart takes 1/n of the confidence away, each mildly apart a fifth of that.
    """
    agreeing = [other for other in counted if not _apart(quote, other, _AGREES)]
    strong = sum(_apart(quote, other, _STRONGLY_APART) for other in counted)
    mild = len(counted) - len(agreeing) - strong
    dissent = (strong + mild * _MILD_PENALTY) / len(counted)
    return max(_own_confidence(other, now) for other in agreeing) * (1 - dissent)


def _is_contested(quote: Quote, counted: Sequence[Quote]) -> bool:
    """Whether someone says less than half or more than double, and no majority stands by the quote."""
    if not any(_apart(quote, other, _WILDLY_APART) for other in counted):
        return False
    agreeing = sum(not _apart(quote, other, _AGREES) for other in counted)
    return agreeing * 2 <= len(counted)


def _apart(one: Quote, other: Quote, share: Decimal) -> bool:
    low, high = sorted((one.price_usd, other.price_usd))
    return EXACT.subtract(high, low) > EXACT.multiply(low, share)


def _disagreement(counted: Sequence[Quote]) -> str:
    said = ", ".join(f"{quote.source} says {format_decimal(quote.price_usd)}" for quote in counted)
    return f"sources_disagree: {said}"
