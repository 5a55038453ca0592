"""Reads what price APIs send without trusting it: whatever has the wrong type or size is None or empty."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from ..core.nesting import check_nesting

# Wider than any real price; beyond it lies an error or an attack. The digits keep products exact.
_LEAST_PRICE = Decimal("1e-30")
_GREATEST_PRICE = Decimal("1e12")
_MOST_DIGITS = 60
# Written out, a number with an exponent can be longer than all memory: also a zero.
_LARGEST_EXPONENT = 100
_LARGEST_INTEGER = 2**63


def parse_json(text: bytes) -> object:
    """The JSON value, fractions as Decimal; NaN and infinities become None. Raises ValueError.

    It is UTF-8 or refused: left to guess, the parser would also take encodings that hide the nesting.
    """
    check_nesting(text)
    return json.loads(text.decode(), parse_float=_fraction, parse_constant=lambda _: None)


def _fraction(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def mapping(value: object) -> Mapping[str, object]:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[object]:
    """A JSON array, or an empty one."""
    return value if isinstance(value, list) else ()


def text(value: object) -> str:
    """A JSON string, or an empty one."""
    return value if isinstance(value, str) else ""


def integer(value: object) -> int | None:
    """A JSON number without a fraction that fits 64 bits, or None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) < _LARGEST_INTEGER else None


def number(value: object) -> Decimal | None:
    """A JSON number of bounded length, or None."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, int) and value.bit_length() > 200:
        return None
    exact = Decimal(value)
    _, digits, exponent = exact.as_tuple()
    bounded = isinstance(exponent, int) and abs(exponent) <= _LARGEST_EXPONENT
    return exact if bounded and len(digits) <= _MOST_DIGITS else None


def price(value: object) -> Decimal | None:
    """A price above zero that could be one, or None."""
    found = number(value)
    return found if found is not None and _LEAST_PRICE <= found <= _GREATEST_PRICE else None


def fraction_of_one(value: object) -> Decimal | None:
    """A number from 0 to 1, or None."""
    found = number(value)
    return found if found is not None and 0 <= found <= 1 else None


def volume(value: object) -> Decimal | None:
    """An amount of dollars traded, zero or more, or None."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def unix_time(value: object) -> datetime | None:
    """The time of seconds since 1970, or None."""
    seconds = number(value)
    if seconds is None or not 0 < seconds < 2**34:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def iso_time(value: object) -> datetime | None:
    """The time of an ISO 8601 text, which is taken for UTC where it names no zone, or None."""
    try:
        found = datetime.fromisoformat(text(value))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
