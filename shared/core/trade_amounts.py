"""The numbers of a trade: what is accepted, and how two of amount, price and total determine the third."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal, get_args

from ..errors import InvalidInput
from .amounts import EXACT, format_decimal, parse_decimal

AmountType = Literal["token", "usd"]
AMOUNT_TYPES: tuple[AmountType, ...] = get_args(AmountType)

MAX_DIGITS = 36
MAX_DECIMALS = 36
_DERIVED = Context(prec=34, rounding=ROUND_HALF_EVEN)
_CENT = Decimal("0.01")
_SLACK = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Amounts:
    """The completed trio; `amount` is in dollars when its type is usd, `price_usd` may be unknown."""

    amount: Decimal
    price_usd: Decimal | None
    total_usd: Decimal | None


def parse_number(field: str, text: str) -> Decimal:
    """A number that is not negative and has at most 36 digits; InvalidInput names the field."""
    try:
        value = parse_decimal(text)
    except ValueError as error:
        raise InvalidInput(field, str(error)) from error
    return check_number(field, value)


def check_number(field: str, value: Decimal) -> Decimal:
    """The number itself if it is finite, not negative and at most 36 digits long; else InvalidInput."""
    if not value.is_finite():
        raise InvalidInput(field, f"{value} is not a number")
    if value.is_signed() and value:
        raise InvalidInput(field, f"{format_decimal(value)[:60]} is negative")
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if len(digits) + max(exponent, 0) > MAX_DIGITS or -exponent > MAX_DECIMALS:
        raise InvalidInput(field, f"a number has at most {MAX_DIGITS} digits")
    return abs(value) if value.is_signed() else value


def complete_amounts(
    amount: Decimal | None,
    amount_type: AmountType,
    price_usd: Decimal | None,
    total_usd: Decimal | None,
) -> Amounts:
    """The third of amount, price and total from the other two; an amount in units may stand alone.

    Raises InvalidInput when too little is given, or when the three disagree by more than a cent and 0.01 %.
    """
    for field, value in (("amount", amount), ("price_usd", price_usd), ("total_usd", total_usd)):
        if value is not None:
            check_number(field, value)
    if amount_type == "usd":
        return _complete_dollars(amount, price_usd, total_usd)
    if amount is None:
        amount = _derive_amount(price_usd, total_usd)
    if not amount:
        raise InvalidInput("amount", "must be above zero")
    if price_usd is None:
        return Amounts(amount, None if total_usd is None else derive(total_usd, amount), total_usd)
    product = EXACT.multiply(amount, price_usd)
    if total_usd is None:
        return Amounts(amount, price_usd, _fitted(product))
    if not _agree(product, total_usd):
        raise _disagreement(amount, price_usd, total_usd, product)
    return Amounts(amount, price_usd, total_usd)


def derive(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A quotient, rounded to what is accepted as input."""
    return _fitted(_DERIVED.divide(numerator, denominator))


def _derive_amount(price_usd: Decimal | None, total_usd: Decimal | None) -> Decimal:
    if price_usd is None or total_usd is None:
        raise InvalidInput("amount", "is needed, or price_usd and total_usd that determine it")
    if not price_usd:
        raise InvalidInput("price_usd", "must be above zero to determine the amount")
    return derive(total_usd, price_usd)


def _complete_dollars(
    amount: Decimal | None, price_usd: Decimal | None, total_usd: Decimal | None
) -> Amounts:
    """With dollars, amount and total say the same: only the price gives the quantity."""
    dollars = total_usd if amount is None else amount
    if dollars is None:
        raise InvalidInput("amount", "is needed")
    if not dollars:
        raise InvalidInput("amount", "must be above zero")
    if not price_usd:
        raise InvalidInput("price_usd", "above zero is needed: an amount in usd has no quantity without it")
    if total_usd is not None and not _agree(dollars, total_usd):
        raise InvalidInput(
            "total_usd",
            f"amount {format_decimal(dollars)} is in usd, but total_usd is {format_decimal(total_usd)} "
            f"(price_usd {format_decimal(price_usd)})",
        )
    if not derive(dollars, price_usd):
        raise InvalidInput("amount", "is too small for this price")
    return Amounts(dollars, price_usd, dollars if total_usd is None else total_usd)


def _fitted(value: Decimal) -> Decimal:
    """Rounded to what is accepted as input, so that what was derived can be given back."""
    value = _DERIVED.plus(value)
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent > 0:
        return check_number("total_usd", EXACT.quantize(value, Decimal(1)))
    if exponent < -MAX_DECIMALS:
        return EXACT.quantize(value, Decimal(1).scaleb(-MAX_DECIMALS))
    return value


def _agree(one: Decimal, total: Decimal) -> bool:
    slack = max(_CENT, EXACT.multiply(total, _SLACK))
    return EXACT.abs(EXACT.subtract(one, total)) <= slack


def _disagreement(amount: Decimal, price: Decimal, total: Decimal, product: Decimal) -> InvalidInput:
    said = f"amount {format_decimal(amount)} × price_usd {format_decimal(price)}"
    return InvalidInput(
        "total_usd", f"{said} is {format_decimal(_fitted(product))}, but total_usd is {format_decimal(total)}"
    )
