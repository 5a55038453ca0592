"""ERC-4626 vaults: shares are worth what the vault says, and a vault that does not say it is a fault."""

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.calls import Call, Outcome, Reply
from shared.core.balances import TokenFault
from shared.core.ids import Address
from shared.core.positions import Found, Position
from shared.protocols.erc4626 import positions
from tests.protocols.samples import (
    ALICE,
    BOB,
    KNOWN,
    OTHER_VAULT,
    USDC,
    VAULT,
    VAULTS,
    WETH,
    finished,
)

BAD = TokenFault(VAULT, "convertToAssets() did not answer with a number")


def worth(raw: int) -> Reply:
    return Reply(Outcome.ANSWERED, raw.to_bytes(32))


def test_a_vault_is_asked_what_each_wallets_shares_are_worth() -> None:
    plan = positions(VAULTS, {(ALICE, VAULT): 5, (BOB, OTHER_VAULT): 7}, KNOWN)
    selector = keccak(b"convertToAssets(uint256)")[:4]

    assert next(plan) == [
        Call(VAULT, selector + (5).to_bytes(32)),
        Call(OTHER_VAULT, selector + (7).to_bytes(32)),
    ]
    assert finished(plan, [worth(6), worth(9)]) == Found(
        (
            Position(ALICE, "vaults", "deposit", USDC, 6, VAULT, None),
            Position(BOB, "vaults", "deposit", WETH, 9, OTHER_VAULT, None),
        )
    )


@pytest.mark.parametrize(
    "reply",
    [
        Reply(Outcome.REVERTED),
        Reply(Outcome.OUT_OF_GAS),
        Reply(Outcome.NO_CODE),
        Reply(Outcome.WRONG_LENGTH),
        Reply(Outcome.ANSWERED),
        Reply(Outcome.ANSWERED, bytes(31)),
        Reply(Outcome.ANSWERED, bytes(64)),
    ],
    ids=lambda reply: f"{reply.outcome.name} {len(reply.data)}",
)
def test_a_vault_that_does_not_say_it_for_one_wallet_is_a_fault_and_has_no_position(reply: Reply) -> None:
    plan = positions(VAULTS, {(ALICE, VAULT): 5, (BOB, VAULT): 6, (BOB, OTHER_VAULT): 7}, KNOWN)
    next(plan)
    found = finished(plan, [worth(6), reply, worth(9)])

    assert [each.contract for each in found.positions] == [OTHER_VAULT]
    assert found.faults == (BAD,)


def test_shares_that_are_worth_nothing_are_no_position() -> None:
    plan = positions(VAULTS, {(ALICE, VAULT): 5}, KNOWN)
    next(plan)

    assert finished(plan, [worth(0)]) == Found(())


@given(
    st.dictionaries(
        st.tuples(st.sampled_from((ALICE, BOB)), st.sampled_from((VAULT, OTHER_VAULT))),
        st.tuples(st.integers(1, 2**256 - 1), st.one_of(st.integers(0, 2**256 - 1), st.binary(max_size=40))),
        min_size=1,
    )
)
def test_whatever_vaults_answer_each_share_is_a_position_nothing_or_a_fault(
    told: dict[tuple[Address, Address], tuple[int, int | bytes]],
) -> None:
    plan = positions(VAULTS, {key: shares for key, (shares, _) in told.items()}, KNOWN)
    asked = next(plan)
    answers = [value for _, value in told.values()]
    replies = [worth(v) if isinstance(v, int) else Reply(Outcome.ANSWERED, v) for v in answers]
    found = finished(plan, replies)
    faulty = {fault.token for fault in found.faults}
    kept = {(each.wallet, each.contract): each.raw for each in found.positions}

    assert len(asked) == len(told)
    for (key, _), reply in zip(told.items(), replies, strict=True):
        raw = int.from_bytes(reply.data) if len(reply.data) == 32 else None
        assert kept.get(key) == (None if key[1] in faulty else raw or None)
        assert raw is not None or key[1] in faulty
