"""Rows: assets over all wallets, positions each for itself, debts below zero."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from shared.core.fragments import Fragment, merge
from shared.core.ids import AssetId
from shared.terminal.watch_rows import rows_of, total_usd
from tests.terminal.watch_samples import ETH, OTHER, USDC, WALLET, balance, fragment, tick

FOO = AssetId("eip155:1/slip44:61")
PRICES = {ETH: tick("2000").price, USDC: tick("0.5", "USDC", USDC).price}


def test_an_asset_of_several_wallets_is_one_row() -> None:
    known = merge({}, [fragment(balance(150)), fragment(balance(50), wallet=OTHER)])
    (row,) = rows_of(known, PRICES)

    assert (row.balance, row.value_usd) == (Decimal(2), Decimal(4000))


def test_positions_of_several_wallets_are_several_rows_and_debts_are_below_zero() -> None:
    owed = balance(100, "USDC", USDC, "debt")
    known = merge({}, [fragment(owed, protocol="aave-v3"), fragment(owed, protocol="aave-v3", wallet=OTHER)])

    assert [(row.key.wallet, row.value_usd) for row in rows_of(known, PRICES)] == [
        (OTHER, Decimal("-0.5")),
        (WALLET, Decimal("-0.5")),
    ]


def test_rows_are_by_value_debts_after_and_unpriced_last() -> None:
    known = merge(
        {},
        [
            fragment(balance(1, "FOO", FOO), balance(10, "USDC", USDC), balance(10)),
            fragment(balance(5, kind="debt"), protocol="aave-v3"),
        ],
    )

    assert [row.symbol for row in rows_of(known, PRICES)] == ["ETH", "USDC", "ETH", "FOO"]


def test_a_total_that_nobody_knows_is_not_zero() -> None:
    assert total_usd(rows_of({}, PRICES)) is None
    assert total_usd(rows_of(merge({}, [fragment(balance(1))]), {})) is None


BALANCES = st.builds(
    balance,
    st.integers(1, 10**30),
    asset_id=st.sampled_from([ETH, USDC]),
    kind=st.sampled_from(["wallet", "debt"]),
)
FRAGMENTS = st.builds(
    lambda balances, wallet, protocol: fragment(*balances, wallet=wallet, protocol=protocol),
    st.lists(BALANCES, max_size=3),
    st.sampled_from([WALLET, OTHER]),
    st.sampled_from(["wallet", "aave-v3"]),
)


@given(st.lists(FRAGMENTS, max_size=6))
def test_no_balance_is_lost_or_counted_twice(fragments: list[Fragment]) -> None:
    known = merge({}, fragments)
    parts = [
        (-1 if each.kind == "debt" else 1)
        * Fraction(each.raw, 100)
        * Fraction(PRICES[each.asset_id].price_usd or 0)
        for one in known.values()
        for each in one.balances
    ]

    assert Fraction(total_usd(rows_of(known, PRICES)) or 0) == sum(parts)
