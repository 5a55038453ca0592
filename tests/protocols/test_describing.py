"""What a position is in: a known token without asking, else what the contract says of itself."""

from eth_abi.abi import encode

from shared.chain.calls import Outcome, Reply
from shared.chain.tokens import metadata_calls
from shared.core.balances import TokenFault
from shared.core.positions import Found, Position
from shared.core.tokens import erc20
from shared.protocols.describing import found_of
from tests.protocols.samples import (
    ALICE,
    BASE,
    BOB,
    DEBT,
    DEPOSIT,
    LENDING,
    WETH,
    address,
    finished,
)

HELD = {(ALICE, DEPOSIT): 1, (BOB, DEPOSIT): 2, (ALICE, DEBT): 3}
ONLY_WETH = {address(2): WETH}


def text(value: str) -> Reply:
    return Reply(Outcome.ANSWERED, encode(["string"], [value]))


def test_only_an_underlying_that_is_not_known_is_asked_for_and_once() -> None:
    plan = found_of(LENDING, HELD, ONLY_WETH)

    assert next(plan) == metadata_calls([address(1)])
    found = finished(plan, [Reply(Outcome.ANSWERED, (6).to_bytes(32)), text("USDC"), text("A dollar")])
    own_word = erc20(BASE, address(1), "USDC", "A dollar", 6, listed=False)
    assert found == Found(
        (
            Position(ALICE, "aave-v3", "deposit", own_word, 1, DEPOSIT, "Main"),
            Position(BOB, "aave-v3", "deposit", own_word, 2, DEPOSIT, "Main"),
            Position(ALICE, "aave-v3", "debt", WETH, 3, DEBT, "Main"),
        )
    )


def test_an_underlying_that_is_no_token_is_one_fault_of_the_receipt_token() -> None:
    plan = found_of(LENDING, HELD, ONLY_WETH)
    next(plan)
    found = finished(plan, [Reply(Outcome.NO_CODE)] * 3)

    assert [each.contract for each in found.positions] == [DEBT]
    reason = f"its underlying {address(1)}: no contract code at this address"
    assert found.faults == (TokenFault(DEPOSIT, reason),)


def test_nothing_held_is_nothing_asked() -> None:
    plan = found_of(LENDING, {}, {})

    assert finished(plan) == Found(())
