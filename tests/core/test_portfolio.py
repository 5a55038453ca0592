"""A portfolio adds up exactly, is ordered by value, and hides nothing from its total."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import add, to_raw
from shared.core.balances import BalanceRead, Block
from shared.core.failures import Failure
from shared.core.ids import Address, address_from_bytes
from shared.core.portfolio import ChainRead, Portfolio, assemble, held_tokens, visible
from shared.core.quotes import Price
from shared.core.tokens import Token, erc20

from .chain_samples import ETHEREUM as CHAIN

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ALICE, BOB = (address_from_bytes(bytes([n] * 20)) for n in (1, 2))


def make_token(n: int, decimals: int = 6, *, listed: bool = True) -> Token:
    return erc20(
        CHAIN.chain_id, address_from_bytes(bytes([n] * 20)), f"T{n}", f"Token {n}", decimals, listed=listed
    )


def make_read(balances: dict[tuple[Address, Token | None], int], *failures: Failure) -> ChainRead:
    raw = {(wallet, token.address if token else None): amount for (wallet, token), amount in balances.items()}
    tokens = {
        token.address: token for _, token in balances if token is not None and token.address is not None
    }
    read = BalanceRead(CHAIN.chain_id, Block(7, NOW), raw, (), frozenset(), len(tokens))
    return ChainRead(CHAIN, "ok", read, tokens, 12, failures)


def make_price(token: Token, dollars: str | None, reason: str | None = None) -> Price:
    amount = None if dollars is None else Decimal(dollars)
    return Price(token.asset_id, amount, "llama", NOW, Decimal("0.99"), False, "open", (), reason)


def portfolio_of(balances: dict[tuple[Address, Token | None], int], prices: list[Price]) -> Portfolio:
    by_asset = {price.asset_id: price for price in prices}
    return assemble((ALICE, BOB), [make_read(balances)], by_asset, (), NOW)


def test_values_are_balance_times_price_to_the_last_digit() -> None:
    token = make_token(5, decimals=18)
    portfolio = portfolio_of({(ALICE, token): 1}, [make_price(token, "0.123456789012345678")])

    assert portfolio.holdings[0].value_usd == Decimal("1.23456789012345678E-19")
    assert portfolio.total_usd == Decimal("1.23456789012345678E-19")


def test_holders_of_one_asset_are_added_up_and_named() -> None:
    token = make_token(5)
    holding = portfolio_of({(ALICE, token): 2, (BOB, token): 3}, []).holdings[0]

    assert holding.balance_raw == 5
    assert holding.holders == ((ALICE, 2), (BOB, 3))


def test_the_native_coin_is_described_by_its_chain() -> None:
    holding = portfolio_of({(ALICE, None): 10**18}, []).holdings[0]

    assert (holding.token.symbol, holding.token.asset_id, holding.balance) == (
        "ETH",
        "eip155:1/slip44:60",
        Decimal(1),
    )


def test_the_highest_value_comes_first_and_the_unpriced_last() -> None:
    low, high, unpriced = make_token(5), make_token(6), make_token(4)
    prices = [make_price(low, "1"), make_price(high, "2")]
    portfolio = portfolio_of({(ALICE, token): 10**6 for token in (unpriced, low, high)}, prices)

    assert [holding.token.symbol for holding in portfolio.holdings] == ["T6", "T5", "T4"]


def test_an_unpriced_asset_has_no_value_rather_than_zero() -> None:
    token = make_token(5)
    portfolio = portfolio_of({(ALICE, token): 1}, [make_price(token, None, "low confidence")])

    assert (portfolio.holdings[0].value_usd, portfolio.holdings[0].share) == (None, None)
    assert portfolio.total_usd == 0


def test_a_chain_that_failed_has_no_total_and_makes_the_portfolio_incomplete() -> None:
    failure = Failure("chain", "ethereum", "rpc_timeout", "no answer")
    failed = ChainRead(CHAIN, "error", None, {}, 900, (failure,))
    portfolio = assemble((ALICE,), [failed], {}, (), NOW)

    assert not portfolio.complete
    assert (portfolio.chains[0].total_usd, portfolio.chains[0].block) == (None, None)
    assert held_tokens(failed) == []


def test_the_minimum_hides_only_what_is_priced() -> None:
    cheap, unpriced = make_token(5), make_token(6)
    portfolio = portfolio_of({(ALICE, cheap): 1, (ALICE, unpriced): 1}, [make_price(cheap, "1")])
    shown = visible(portfolio.holdings, min_value_usd=Decimal(1), include_spam=False)

    assert [holding.token.symbol for holding in shown] == ["T6"]
    assert portfolio.total_usd == Decimal("0.000001")


@pytest.mark.parametrize(("include_spam", "shown"), [(False, 0), (True, 1)])
def test_spam_is_shown_on_request(include_spam: bool, shown: int) -> None:
    token = make_token(5, listed=False)
    portfolio = portfolio_of({(ALICE, token): 1}, [])

    assert len(visible(portfolio.holdings, min_value_usd=Decimal(0), include_spam=include_spam)) == shown


balances = st.dictionaries(
    st.tuples(
        st.sampled_from([ALICE, BOB]),
        st.sampled_from([make_token(n, d) for n, d in ((3, 0), (4, 6), (5, 18))]),
    ),
    st.integers(min_value=1, max_value=2**256 - 1),
    max_size=6,
)
dollars = st.decimals(min_value=0, max_value=10**9, places=30, allow_nan=False, allow_infinity=False)


@given(balances, st.tuples(dollars, dollars, dollars))
def test_the_total_is_the_sum_over_every_wallet_and_asset(
    held: dict[tuple[Address, Token | None], int], units: tuple[Decimal, Decimal, Decimal]
) -> None:
    unit = {make_token(n).asset_id: price for n, price in zip((3, 4, 5), units, strict=True)}
    prices = [Price(a, p, "llama", NOW, Decimal(1), False, "open", ()) for a, p in unit.items()]
    portfolio = portfolio_of(held, prices)

    expected = sum(
        raw * 10 ** (18 - token.decimals) * to_raw(unit[token.asset_id], 30)
        for (_, token), raw in held.items()
        if token is not None
    )
    assert to_raw(portfolio.total_usd, 48) == expected
    assert portfolio.total_usd == add([h.value_usd for h in portfolio.holdings if h.value_usd is not None])
    assert sum(h.balance_raw for h in portfolio.holdings) == sum(held.values())


@given(balances)
def test_shares_add_up_to_one(held: dict[tuple[Address, Token | None], int]) -> None:
    prices = [
        Price(make_token(n).asset_id, Decimal(1), "llama", NOW, Decimal(1), False, "open", ())
        for n in (3, 4, 5)
    ]
    shares = [h.share for h in portfolio_of(held, prices).holdings if h.share is not None]

    assert not shares or abs(sum(shares, Decimal(0)) - 1) <= Decimal("0.000003")
