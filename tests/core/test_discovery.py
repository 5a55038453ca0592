"""What a transaction amounts to for a wallet, and what is not believed of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.core.balances import Block
from shared.core.chains import Chain
from shared.core.discovery import Proposal, Sighting, propose
from shared.core.ids import ZERO_ADDRESS, Address, ChainId, address_from_bytes
from shared.core.tokens import Token, erc20
from shared.core.trades import checked
from shared.core.transactions import (
    Movement,
    NativeChange,
    Receipt,
    Transaction,
    TransactionRead,
    flows_of,
)
from shared.facts import load_chains
from tests.fakes import NOON

CHAIN: Chain = load_chains()[ChainId(1)]
WRAPPED = CHAIN.wrapped_native
ETH = CHAIN.native_asset_id
TX = "0x" + "12" * 32


def nth(number: int) -> Address:
    return address_from_bytes(number.to_bytes(20))


WALLET, POOL, FRIEND, GOOD, OTHER_GOOD, BAD = (nth(i) for i in range(1, 7))
TOKENS = {
    GOOD: erc20(ChainId(1), GOOD, "GOOD", "Good", 6, listed=True),
    OTHER_GOOD: erc20(ChainId(1), OTHER_GOOD, "FINE", "Fine", 18, listed=True),
    BAD: erc20(ChainId(1), BAD, 'free, now; "x"', "Claim", 0, listed=False),
}


def sighting(
    *movements: Movement,
    sender: Address = WALLET,
    fee: int | None = 21,
    change: NativeChange | None = None,
    tokens: dict[Address, Token] | None = None,
    has_input: bool = True,
    alone: bool = False,
) -> Sighting:
    """A mined transaction; without a change of balance nothing hidden was paid."""
    receipt = Receipt(Block(9, NOON), True, fee, movements, alone)
    read = TransactionRead(TX, Transaction(TX, sender, POOL, has_input), receipt)
    if change is None:
        visible = flows_of(movements, WALLET).get(None)
        change = NativeChange(10**30, 10**30 + (visible.net if visible else 0) - (fee or 0), 1)
    return Sighting(CHAIN, WALLET, read, TOKENS if tokens is None else tokens, change)


def legs(proposal: Proposal) -> list[tuple[str, str, Decimal]]:
    return [(p.trade.side, p.trade.symbol, p.trade.amount) for p in proposal.trades]


GAS = ("fee", "ETH", Decimal("21E-18"))
GIVEN = Movement(GOOD, WALLET, POOL, 5_000_000)
RECEIVED = Movement(OTHER_GOOD, POOL, WALLET, 10**18)


def test_given_and_received_is_a_swap_whose_legs_share_a_link() -> None:
    proposal = propose(sighting(GIVEN, RECEIVED), NOON)

    assert proposal.kind == "swap"
    assert legs(proposal) == [("sell", "GOOD", Decimal(5)), ("buy", "FINE", Decimal(1)), GAS]
    assert {p.trade.link for p in proposal.trades} == {f"1:{TX}"}


def test_a_swap_that_somebody_else_sent_costs_the_wallet_no_gas() -> None:
    assert [side for side, *_ in legs(propose(sighting(GIVEN, RECEIVED, sender=FRIEND), NOON))] == [
        "sell",
        "buy",
    ]


def test_what_comes_back_of_what_was_given_is_not_sold() -> None:
    back = Movement(GOOD, POOL, WALLET, 1_000_000)

    assert legs(propose(sighting(GIVEN, back, RECEIVED), NOON))[0] == ("sell", "GOOD", Decimal(4))


def test_what_goes_in_a_circle_leaves_the_gas() -> None:
    back = replace_receiver(GIVEN)

    assert (propose(sighting(GIVEN, back), NOON).kind, legs(propose(sighting(GIVEN, back), NOON))) == (
        "gas",
        [GAS],
    )


def replace_receiver(movement: Movement) -> Movement:
    return movement._replace(sender=movement.receiver, receiver=movement.sender)


def test_wrapping_is_a_wrap_only_when_the_amounts_are_equal() -> None:
    sent = Movement(None, WALLET, POOL, 50)
    wrapped, less = Movement(WRAPPED, ZERO_ADDRESS, WALLET, 50), Movement(WRAPPED, ZERO_ADDRESS, WALLET, 49)
    assert WRAPPED is not None
    tokens = {WRAPPED: erc20(ChainId(1), WRAPPED, "WETH", "Wrapped", 18, listed=True)}

    assert propose(sighting(sent, wrapped, tokens=tokens), NOON).kind == "wrap"
    assert propose(sighting(sent, less, tokens=tokens), NOON).kind == "swap"


def test_unlisted_tokens_of_others_are_spam_and_do_not_make_a_swap() -> None:
    lure = Movement(BAD, FRIEND, WALLET, 1)
    forged = Movement(BAD, WALLET, FRIEND, 7)
    paid = propose(sighting(Movement(GOOD, FRIEND, WALLET, 5), forged, sender=FRIEND), NOON)
    lured = propose(sighting(lure, sender=FRIEND), NOON)

    assert (paid.kind, [bool(p.spam_reasons) for p in paid.trades]) == ("transfer", [False, True])
    assert [side for side, *_ in legs(paid)] == ["transfer_in", "transfer_out"]
    assert (lured.kind, lured.trades[0].trade.symbol) == ("nothing", "freenowx")


def test_an_unlisted_token_that_the_wallet_itself_bought_is_no_spam() -> None:
    proposal = propose(sighting(GIVEN, Movement(BAD, POOL, WALLET, 3)), NOON)

    assert (proposal.kind, [p.spam_reasons for p in proposal.trades]) == ("swap", [(), (), ()])


def test_only_what_was_made_for_the_caller_is_income() -> None:
    made = Movement(GOOD, ZERO_ADDRESS, WALLET, 5)

    assert propose(sighting(made), NOON).kind == "income"
    assert propose(sighting(made, sender=FRIEND), NOON).kind == "transfer"
    assert propose(sighting(made, Movement(GOOD, POOL, WALLET, 5)), NOON).kind == "transfer"
    assert propose(sighting(GIVEN, Movement(OTHER_GOOD, ZERO_ADDRESS, WALLET, 5)), NOON).kind == "swap"


def test_native_coins_that_left_no_trace_are_found_by_the_balance() -> None:
    change = NativeChange(1000, 1000 - 21 + 400, 1)
    unwrapped = Movement(None, WRAPPED or ZERO_ADDRESS, POOL, 400)
    alone = propose(sighting(GIVEN, change=change, alone=True), NOON)
    routed = propose(sighting(GIVEN, unwrapped, change=change), NOON)

    assert legs(alone) == [("sell", "GOOD", Decimal(5)), ("buy", "ETH", Decimal("400E-18")), GAS]
    assert legs(routed) == legs(alone)
    assert (alone.certain, routed.certain) == (True, True)


def test_native_coins_that_only_the_balance_shows_may_be_anothers_and_are_not_certain() -> None:
    proposal = propose(sighting(change=NativeChange(1000, 1000 - 21 + 400, 1)), NOON)

    assert legs(proposal) == [("transfer_in", "ETH", Decimal("400E-18")), GAS]
    assert not proposal.certain
    assert "another transaction of the block may have paid them" in proposal.notes[0]


def test_a_balance_that_explains_nothing_is_not_used() -> None:
    unwrapped = Movement(None, WRAPPED or ZERO_ADDRESS, POOL, 400)
    several = propose(sighting(GIVEN, change=NativeChange(0, 400, 2)), NOON)
    less = propose(sighting(GIVEN, change=NativeChange(1000, 5, 1)), NOON)
    routed = propose(sighting(GIVEN, RECEIVED, unwrapped, change=NativeChange(0, 0, 2)), NOON)
    whole = propose(sighting(GIVEN, RECEIVED, change=NativeChange(0, 0, 2)), NOON)

    assert [p.certain for p in (several, less, routed, whole)] == [False, False, False, True]
    assert [p.kind for p in (several, less, routed, whole)] == ["transfer", "transfer", "swap", "swap"]


def test_a_fee_in_another_coin_is_not_proposed_but_said() -> None:
    proposal = propose(sighting(GIVEN, RECEIVED, fee=None), NOON)

    assert "fee" not in [side for side, *_ in legs(proposal)]
    assert any("not paid in the native coin" in note for note in proposal.notes)


def test_an_undescribed_token_is_named_and_the_rest_is_proposed() -> None:
    proposal = propose(sighting(GIVEN, Movement(nth(99), POOL, WALLET, 1)), NOON)

    assert (proposal.kind, proposal.undescribed) == ("swap", (nth(99),))
    assert [side for side, *_ in legs(proposal)] == ["sell", "fee"]


def test_an_amount_past_all_sense_is_said_and_not_proposed() -> None:
    proposal = propose(sighting(Movement(BAD, FRIEND, WALLET, 2**256 - 1), sender=FRIEND), NOON)

    assert proposal.trades == ()
    assert "cannot be kept as a trade" in proposal.notes[0]


def test_what_is_in_no_block_is_nothing() -> None:
    seen = sighting(GIVEN)
    pending = replace(seen, read=replace(seen.read, receipt=None))

    assert propose(pending, NOON) == Proposal(WALLET, pending.read)


addresses = st.sampled_from([WALLET, POOL, FRIEND, ZERO_ADDRESS])
movements = st.builds(
    Movement, st.sampled_from([None, GOOD, OTHER_GOOD, BAD]), addresses, addresses, st.integers(0, 10**12)
)


@given(st.lists(movements, max_size=8), st.sampled_from([WALLET, FRIEND]))
def test_the_trades_are_exactly_what_the_wallet_has_more_or_less_of(
    moved: Sequence[Movement], sender: Address
) -> None:
    proposal = propose(sighting(*moved, sender=sender), NOON)
    changes = {token: flow.net for token, flow in flows_of(moved, WALLET).items() if flow.net}
    proposed = {
        p.token.address: p.raw if p.trade.is_incoming else -p.raw
        for p in proposal.trades
        if p.trade.side != "fee"
    }

    assert proposed == changes
    assert len({(p.trade.side, p.trade.asset) for p in proposal.trades}) == len(proposal.trades)
    assert all(checked(p.trade) == p.trade for p in proposal.trades)
