"""Amounts, prices and foreign text as a terminal shows them: cut, never rounded up, and harmless."""

from __future__ import annotations

import unicodedata
from decimal import ROUND_DOWN, Decimal

from ..core.amounts import EXACT, format_decimal
from ..core.tokens import sanitise_text

_EIGHTHS = " ▏▎▍▌▋▊▉"
_SMALLEST_EXPONENT = -8


def safe_text(text: str, length: int) -> str:
    """Somebody else's text without anything that a terminal could obey, at most `length` characters.

    Accents that stand on their own go too: piled up, they write over the lines above.
    """
    composed = unicodedata.normalize("NFC", sanitise_text(text, 4 * length))
    kept = "".join(c for c in composed if unicodedata.category(c) not in ("Mn", "Me"))
    return kept if len(kept) <= length else kept[: length - 1] + "…"


def format_balance(value: Decimal) -> str:
    """Twelve digits if they say all, else nine, grouped; the rest is cut off, so nothing looks like more."""
    digits = len(value.normalize(EXACT).as_tuple().digits)
    return _shorten(value, digits=digits if digits <= 12 else 9, least_places=0)


def format_price(value: Decimal) -> str:
    """Six significant digits and at least cents, grouped, cut off."""
    return _shorten(value, digits=6, least_places=2)


def format_dollars(value: Decimal) -> str:
    """Dollars and cents, grouped, cut off; `<$0.01` for less than a cent, `-<$0.01` for a debt of less."""
    sign = "-" if value < 0 else ""
    if 0 < abs(value) < Decimal("0.01"):
        return f"{sign}<$0.01"
    return f"{sign}${_grouped(abs(value), 2) if _fits(value) else _scientific(abs(value))}"


def is_cut(value: Decimal) -> bool:
    """Whether `format_balance` leaves digits out."""
    shown = format_balance(value).replace(",", "")
    return shown.startswith("<") or Decimal(shown) != value


def format_share(share: Decimal) -> str:
    """A fraction as per cent with one decimal, cut off; `<0.1%` for less."""
    percent = share.scaleb(2, EXACT)
    return "<0.1%" if percent < Decimal("0.1") else f"{_grouped(percent, 1)}%"


def share_bar(share: Decimal, width: int) -> str:
    """A bar of at most `width` cells, exact to an eighth of one; whatever is above zero leaves a trace."""
    if share <= 0:
        return ""
    full, rest = divmod(max(int(min(share, Decimal(1)) * width * 8), 1), 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def _shorten(value: Decimal, *, digits: int, least_places: int) -> str:
    exponent = value.adjusted() if value else 0
    if not _fits(value):
        return _scientific(value)
    if exponent < _SMALLEST_EXPONENT:
        return f"<{format_decimal(Decimal(1).scaleb(_SMALLEST_EXPONENT))}"
    places = min(max(2, digits - 1 - exponent), 2 - _SMALLEST_EXPONENT)
    text = _grouped(value, places)
    kept = text.rstrip("0")
    least = len(text) - places + least_places
    return (kept if len(kept) >= least else text[:least]).rstrip(".")


def _fits(value: Decimal) -> bool:
    return not value or value.adjusted() < 15


def _scientific(value: Decimal) -> str:
    """For amounts that only a prank mints: 1.2345e30."""
    exponent = value.adjusted()
    return f"{_grouped(value.scaleb(-exponent, EXACT), 4)}e{exponent}"


def _grouped(value: Decimal, places: int) -> str:
    return format(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN, context=EXACT), ",f")
