"""Exact numbers: raw on-chain integers, decimal amounts, and their text."""

from __future__ import annotations

from decimal import (
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    FloatOperation,
    InvalidOperation,
    Overflow,
    localcontext,
)

# A uint256 has 78 digits and a token up to 255 decimals; prices add some 40 more. Nothing here comes
# near the precision, so sums and products of balances and prices are exact.
EXACT = Context(
    prec=400,
    Emax=999_999,
    Emin=-999_999,
    traps=[Clamped, DivisionByZero, FloatOperation, InvalidOperation, Overflow],
)
_MAX_TEXT = 100


def from_raw(raw: int, decimals: int) -> Decimal:
    """Units of the asset for a raw integer, exactly: `from_raw(12_500_000, 6)` is 12.5."""
    return Decimal(raw).scaleb(-decimals, EXACT)


def to_raw(amount: Decimal, decimals: int) -> int:
    """The raw integer for an amount; ValueError if it has more decimals than the asset."""
    scaled = amount.scaleb(decimals, EXACT)
    if scaled != scaled.to_integral_value(context=EXACT):
        raise ValueError(f"{format_decimal(amount)} has more than {decimals} decimals")
    return int(scaled)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """The exact product."""
    return EXACT.multiply(left, right)


def rounded(value: Decimal, places: int) -> Decimal:
    """The value to so many decimals, half to even; one so large that it cannot have them stays as it is."""
    if value.adjusted() + places >= EXACT.prec:
        return value
    return value.quantize(Decimal(1).scaleb(-places), context=EXACT)


def add(values: list[Decimal]) -> Decimal:
    """The exact sum; zero for none."""
    with localcontext(EXACT):
        return sum(values, Decimal(0))


def parse_decimal(text: str) -> Decimal:
    """A plain decimal such as `12`, `-0.5`: no exponent, no NaN, at most 100 characters.

    Raises ValueError.
    """
    digits = text[1:] if text[:1] == "-" else text
    whole, _, fraction = digits.partition(".")
    plain = digits.isascii() and whole.isdigit() and (fraction.isdigit() or "." not in digits)
    if not plain or len(text) > _MAX_TEXT:
        raise ValueError(f"{text[:40]!r} is not a decimal number")
    return Decimal(text)


def format_decimal(value: Decimal) -> str:
    """Plain digits without exponent or trailing zeros: Decimal("1E+2") is "100"."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
