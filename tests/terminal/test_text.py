"""What the terminal shows of an amount never says more than there is, and foreign text stays text."""

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import from_raw
from shared.terminal.text import (
    format_balance,
    format_dollars,
    format_price,
    format_share,
    is_cut,
    safe_text,
    share_bar,
)

amounts = st.builds(from_raw, st.integers(1, 2**256 - 1), st.integers(0, 36))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("12500000", "12,500,000"),
        ("1.50000001", "1.50000001"),
        ("12345.678901", "12,345.678901"),
        ("1234567.891234", "1,234,567.89"),
        ("3.141592653589793238", "3.14159265"),
        ("0.999999999999999999", "0.999999999"),
        ("0.000000123456789", "0.0000001234"),
        ("0.000000000000000001", "<0.00000001"),
        ("1000000000000000000000000000000", "1.0000e30"),
    ],
)
def test_a_balance_is_grouped_and_short(value: str, text: str) -> None:
    assert format_balance(Decimal(value)) == text


@given(amounts)
def test_a_balance_never_looks_like_more_than_it_is(value: Decimal) -> None:
    text = format_balance(value)
    shown = Decimal(0) if text.startswith("<") else Decimal(text.replace(",", ""))

    assert shown <= value
    assert text.startswith("<") or value - shown < value * Decimal("0.01")
    assert len(text) <= 22


@given(amounts)
def test_digits_that_are_left_out_are_owned_up_to(value: Decimal) -> None:
    text = format_balance(value).replace(",", "")

    assert is_cut(value) == (text.startswith("<") or Decimal(text) != value)


@pytest.mark.parametrize(
    ("value", "text"),
    [("67123.456", "67,123.45"), ("1", "1.00"), ("0.99983", "0.99983"), ("0.00002345678", "0.0000234567")],
)
def test_a_price_has_six_digits_and_at_least_cents(value: str, text: str) -> None:
    assert format_price(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234.999", "$1,234.99"),
        ("0.001", "<$0.01"),
        ("0", "$0.00"),
        ("-5.5", "-$5.50"),
        ("-0.001", "-<$0.01"),
        ("1e20", "$1.0000e20"),
    ],
)
def test_dollars_are_cut_to_cents(value: str, text: str) -> None:
    assert format_dollars(Decimal(value)) == text


def test_a_share_is_per_cent_and_what_is_tiny_is_not_nothing() -> None:
    assert [format_share(Decimal(s)) for s in ("0.412399", "1", "0.000001", "0")] == [
        "41.2%",
        "100.0%",
        "<0.1%",
        "<0.1%",
    ]


@given(st.decimals(0, 1, places=6), st.integers(1, 30))
def test_a_bar_stays_in_its_column(share: Decimal, width: int) -> None:
    assert len(share_bar(share, width)) <= width
    assert bool(share_bar(share, width)) == (share > 0)


def test_a_full_share_fills_the_bar() -> None:
    assert share_bar(Decimal(1), 8) == "████████"
    assert share_bar(Decimal("0.5"), 5) == "██▌"


@given(st.text(), st.integers(1, 40))
def test_foreign_text_cannot_command_a_terminal(text: str, length: int) -> None:
    shown = safe_text(text, length)

    assert len(shown) <= length
    assert all(unicodedata.category(c)[0] != "C" for c in shown)
    assert all(unicodedata.category(c) not in ("Mn", "Me", "Zl", "Zp") for c in shown)


def test_escapes_bidirectional_marks_and_piled_accents_are_gone() -> None:
    assert safe_text("\x1b[31mU\u202eS\u0301\u0301DC\r\n", 20) == "[31mUŚDC"
