"""Positions add to a portfolio's total, debts take from it, and neither is hidden from it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import add
from shared.core.balances import Block
from shared.core.failures import Failure
from shared.core.ids import ZERO_ADDRESS, Address, AssetId
from shared.core.portfolio import Portfolio, assemble
from shared.core.positions import Position, PositionKind, PositionsRead
from shared.core.quotes import Price
from shared.core.tokens import Token
from shared.core.valued_positions import value_positions, visible_positions

from .chain_samples import ETHEREUM as CHAIN
from .test_portfolio import ALICE, BOB, make_price, make_read, make_token

BLOCK = Block(7, datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
USDC, WETH = make_token(5), make_token(6, 18)
PRICES = {each.asset_id: each for each in (make_price(USDC, "0.5"), make_price(WETH, "3000"))}


def position(kind: PositionKind, token: Token, raw: int, wallet: Address = ALICE) -> Position:
    return Position(wallet, "aave-v3", kind, token, raw, ZERO_ADDRESS)


def read(*positions: Position, failures: tuple[Failure, ...] = ()) -> PositionsRead:
    return PositionsRead(CHAIN, BLOCK, positions, ("aave-v3",), failures)


def portfolio_of(*positions: Position, prices: dict[AssetId, Price] = PRICES) -> Portfolio:
    """With 2 WETH in Alice's wallet."""
    balances = make_read({(ALICE, WETH): 2 * 10**18})
    return assemble((ALICE, BOB), [balances], prices, (), BLOCK.time, positions=[read(*positions)])


def test_a_debt_is_worth_less_than_nothing() -> None:
    (debt,) = value_positions(read(position("debt", USDC, 3)), PRICES)

    assert (debt.balance, debt.value_usd, debt.block) == (Decimal("0.000003"), Decimal("-0.0000015"), BLOCK)


@pytest.mark.parametrize("kind", ["deposit", "claimable", "locked", "vesting"])
def test_every_claim_is_worth_its_balance(kind: PositionKind) -> None:
    assert value_positions(read(position(kind, USDC, 10**6)), PRICES)[0].value_usd == Decimal("0.5")


def test_the_totals_of_portfolio_and_chain_count_claims_and_take_off_debts() -> None:
    portfolio = portfolio_of(position("deposit", USDC, 10**9), position("debt", WETH, 10**18))

    assert portfolio.total_usd == 6000 + 500 - 3000
    assert portfolio.chains[0].total_usd == portfolio.total_usd


def test_a_share_is_of_what_is_owned_so_that_a_debt_never_makes_it_more_than_one() -> None:
    portfolio = portfolio_of(position("deposit", WETH, 10**18), position("debt", WETH, 29 * 10**17))

    assert portfolio.holdings[0].share == Decimal("0.666667")


def test_more_debt_than_wealth_is_a_total_below_zero() -> None:
    assert portfolio_of(position("debt", WETH, 3 * 10**18)).total_usd == -3000


def test_positions_are_ordered_by_value_debts_after_claims_and_unpriced_last() -> None:
    unpriced = make_token(9)
    portfolio = portfolio_of(
        position("deposit", unpriced, 1),
        position("debt", USDC, 4 * 10**6),
        position("debt", USDC, 2 * 10**6, BOB),
        position("deposit", USDC, 10**6),
        position("deposit", USDC, 3 * 10**6),
    )

    assert [each.value_usd for each in portfolio.positions] == [Decimal("1.5"), Decimal("0.5"), -1, -2, None]


def test_what_could_not_be_read_makes_the_portfolio_incomplete() -> None:
    failure = Failure("protocol", "ethereum", "protocol_unavailable", "aave-v3: no answer")
    failed = read(failures=(failure,))
    portfolio = assemble((ALICE,), [make_read({})], {}, (), BLOCK.time, positions=[failed])

    assert portfolio.failures == (failure,)
    assert not portfolio.complete


def test_a_small_position_is_hidden_by_its_size_and_one_without_a_price_is_not() -> None:
    small, large = position("debt", USDC, 1), position("debt", WETH, 10**18)
    unpriced = position("deposit", make_token(9), 1)
    valued = portfolio_of(small, large, unpriced).positions

    assert [each.position for each in visible_positions(valued, Decimal(1))] == [large, unpriced]
    assert visible_positions(valued, Decimal(0)) == valued


def test_of_a_chain_that_was_not_read_there_are_no_positions() -> None:
    assert value_positions(PositionsRead(CHAIN, None, ()), PRICES) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("deposit", "debt", "locked")),
            st.sampled_from((USDC, WETH, make_token(9))),
            st.integers(1, 2**256 - 1),
        ),
        max_size=8,
    )
)
def test_the_total_is_exactly_the_sum_of_all_values(rows: list[tuple[PositionKind, Token, int]]) -> None:
    portfolio = portfolio_of(*(position(*row) for row in rows))
    values = [holding.value_usd for holding in portfolio.holdings]
    values += [valued.value_usd for valued in portfolio.positions]

    assert portfolio.total_usd == add([value for value in values if value is not None])
    assert len(portfolio.positions) == len(rows)
