"""The numbers of a trade are exact; two of amount, price and total determine the third."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import format_decimal
from shared.core.trade_amounts import check_number, complete_amounts, parse_number
from shared.errors import InvalidInput

numbers = st.decimals(min_value="0.00000001", max_value=10**9, places=8)


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "-1", "1e999", "9" * 40, "0." + "1" * 40, "1,5", "", "0x1", " 1"]
)
def test_a_bad_number_is_refused_and_its_field_named(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_number("price_usd", text)

    assert refused.value.field == "price_usd"


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-0.1", "1E+999", "1E-40"])
def test_a_bad_decimal_is_refused_too(value: str) -> None:
    with pytest.raises(InvalidInput):
        check_number("amount", Decimal(value))


@pytest.mark.parametrize(
    ("amount", "price", "total", "completed"),
    [
        ("2", "3.5", None, ("2", "3.5", "7")),
        ("2", None, "7", ("2", "3.5", "7")),
        (None, "3.5", "7", ("2", "3.5", "7")),
        ("2", "3.5", "7.01", ("2", "3.5", "7.01")),
        ("1000", "100", "100009", ("1000", "100", "100009")),
        ("2", None, None, ("2", None, None)),
        ("3", "0", None, ("3", "0", "0")),
    ],
)
def test_two_of_three_amounts_determine_the_third(
    amount: str | None, price: str | None, total: str | None, completed: tuple[str | None, ...]
) -> None:
    given_three = [None if each is None else Decimal(each) for each in (amount, price, total)]
    done = complete_amounts(given_three[0], "token", given_three[1], given_three[2])
    found = [
        None if each is None else format_decimal(each)
        for each in (done.amount, done.price_usd, done.total_usd)
    ]

    assert tuple(found) == completed


@pytest.mark.parametrize("total", ["7.02", "6.98", "0"])
def test_three_amounts_that_disagree_are_refused_with_all_three(total: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        complete_amounts(Decimal(2), "token", Decimal("3.5"), Decimal(total))

    assert all(value in str(refused.value) for value in ("2", "3.5", total))


@given(numbers, numbers)
def test_what_was_derived_is_accepted_when_given_back(amount: Decimal, total: Decimal) -> None:
    done = complete_amounts(amount, "token", None, total)

    assert done.price_usd is not None
    assert complete_amounts(amount, "token", parse_number("p", format_decimal(done.price_usd)), total) == done
