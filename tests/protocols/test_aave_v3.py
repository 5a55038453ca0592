"""Aave V3: balances of receipt tokens are deposits and debts in the underlying, and need no further call."""

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import Address
from shared.core.positions import Found, Position
from shared.protocols.aave_v3 import positions
from tests.protocols.samples import ALICE, BOB, DEBT, DEPOSIT, KNOWN, LENDING, USDC, WETH, finished


def test_an_a_token_is_a_deposit_and_a_debt_token_a_debt_in_the_underlying() -> None:
    found = finished(positions(LENDING, {(ALICE, DEPOSIT): 1_500_000, (ALICE, DEBT): 2 * 10**18}, KNOWN))

    assert found == Found(
        (
            Position(ALICE, "aave-v3", "deposit", USDC, 1_500_000, DEPOSIT, "Main"),
            Position(ALICE, "aave-v3", "debt", WETH, 2 * 10**18, DEBT, "Main"),
        )
    )


@given(
    st.dictionaries(
        st.tuples(st.sampled_from((ALICE, BOB)), st.sampled_from((DEPOSIT, DEBT))), st.integers(1, 2**256 - 1)
    )
)
def test_everything_that_is_held_is_one_position_of_the_same_amount(
    held: dict[tuple[Address, Address], int],
) -> None:
    found = finished(positions(LENDING, held, KNOWN))

    assert {(each.wallet, each.contract): each.raw for each in found.positions} == held
    assert len(found.positions) == len(held)
    assert found.faults == ()
