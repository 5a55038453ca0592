"""Nothing that an API sends can break the reading of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.prices import reading

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_any_value_is_read_or_left_out(value: object) -> None:
    for read in (reading.price, reading.fraction_of_one, reading.unix_time, reading.iso_time):
        read(value)
    assert reading.price(value) is None or reading.price(value) == value


@pytest.mark.parametrize(
    "literal",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "-1",
        "0",
        "0.0",
        "1e999999",
        "1e99999999999999999999",
        "1e-99",
        "true",
        '"1.5"',
        "null",
        "[1]",
        "9" * 400,
        "0." + "1" * 61,
    ],
)
def test_what_cannot_be_a_price_is_none(literal: str) -> None:
    assert reading.price(reading.parse_json(literal.encode())) is None


@pytest.mark.parametrize("literal", ["0.1", "1.2e-07", "3000", "61234.123456789012345678"])
def test_a_price_keeps_all_its_digits(literal: str) -> None:
    assert reading.price(reading.parse_json(literal.encode())) == Decimal(literal)


@pytest.mark.parametrize("raw", [b"[" * 100_000, b"9" * 5_000, b"\xff", b"", b"{"])
def test_hostile_json_is_a_value_error(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        reading.parse_json(raw)


def test_times_are_read_in_both_shapes() -> None:
    expected = datetime(2026, 9, 1, 10, tzinfo=UTC)

    assert reading.unix_time(1788256800) == expected
    assert reading.iso_time("2026-09-01T10:00:00.000Z") == expected
    assert reading.iso_time("2026-09-01T12:00:00+02:00") == expected
    assert reading.iso_time("2026-09-01T10:00:00") == expected
    assert reading.iso_time("9999-12-31T23:59:59-14:00") is None


def test_milliseconds_are_not_taken_for_seconds() -> None:
    assert reading.unix_time(1788256800000) is None
