"""Amounts are exact, and their text is plain."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import add, format_decimal, from_raw, multiply, parse_decimal, to_raw

raws = st.integers(min_value=0, max_value=2**256 - 1)
decimals = st.integers(min_value=0, max_value=255)
amounts = st.decimals(
    allow_nan=False, allow_infinity=False, places=18, min_value=Decimal(-(10**20)), max_value=Decimal(10**20)
)


@pytest.mark.parametrize(
    ("raw", "places", "expected"),
    [(12_500_000, 6, "12.5"), (0, 18, "0"), (1, 18, "0.000000000000000001"), (7, 0, "7"), (1200, 2, "12")],
)
def test_raw_integers_become_amounts(raw: int, places: int, expected: str) -> None:
    assert format_decimal(from_raw(raw, places)) == expected


@given(raws, decimals)
def test_an_amount_converts_back_to_the_same_raw_integer(raw: int, places: int) -> None:
    assert to_raw(from_raw(raw, places), places) == raw


def test_an_amount_finer_than_the_asset_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.0000001 has more than 6 decimals"):
        to_raw(Decimal("1.0000001"), 6)


@given(raws, decimals, raws, decimals)
def test_products_are_exact(left: int, left_places: int, right: int, right_places: int) -> None:
    product = multiply(from_raw(left, left_places), from_raw(right, right_places))

    assert to_raw(product, left_places + right_places) == left * right


@given(st.lists(raws, max_size=20))
def test_sums_are_exact(values: list[int]) -> None:
    assert to_raw(add([from_raw(value, 18) for value in values]), 18) == sum(values)


@given(amounts)
def test_text_converts_back_to_the_same_number(amount: Decimal) -> None:
    assert parse_decimal(format_decimal(amount)) == amount


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+2", "100"), ("1E-18", "0.000000000000000001"), ("-0.0", "0"), ("1.50", "1.5"), ("100", "100")],
)
def test_text_has_no_exponent_and_no_trailing_zeros(value: str, text: str) -> None:
    assert format_decimal(Decimal(value)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "1,5",
        "1e3",
        "1e999",
        "NaN",
        "Infinity",
        "+1",
        " 1",
        "1_000",
        "0x1",
        "١",
        "9" * 101,
    ],
)
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a decimal number"):
        parse_decimal(text)
