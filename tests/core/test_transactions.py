"""Movements of a transaction, as one wallet has them."""

from __future__ import annotations

from shared.core.balances import Block
from shared.core.ids import ZERO_ADDRESS, address_from_bytes
from shared.core.transactions import (
    Flow,
    Hidden,
    Movement,
    NativeChange,
    Receipt,
    Transaction,
    TransactionRead,
    flows_of,
    hidden_native,
    parties,
    unwrapped_for_others,
)
from tests.fakes import NOON

ME, YOU, TOKEN = (address_from_bytes(bytes([n] * 20)) for n in (1, 2, 3))
TX = "0x" + "12" * 32


def read(
    *movements: Movement, has_input: bool = True, sender_fee: int | None = 3, alone: bool = False
) -> TransactionRead:
    receipt = Receipt(Block(1, NOON), True, sender_fee, movements, alone)
    return TransactionRead(TX, Transaction(TX, ME, YOU, has_input), receipt)


def test_flows_are_summed_by_token_and_what_moved_nothing_is_left_out() -> None:
    moved = [
        Movement(TOKEN, ME, YOU, 5),
        Movement(TOKEN, YOU, ME, 2),
        Movement(None, ME, ME, 9),
        Movement(None, YOU, TOKEN, 4),
        Movement(YOU, ME, YOU, 0),
    ]

    assert flows_of(moved, ME) == {TOKEN: Flow(2, 5), None: Flow(9, 9)}
    assert Flow(2, 5).net == -3


def test_parties_are_the_sender_and_all_between_whom_something_moved() -> None:
    assert parties(read(Movement(TOKEN, YOU, TOKEN, 1), Movement(TOKEN, YOU, YOU, 0))) == {ME, YOU, TOKEN}
    assert parties(TransactionRead(TX)) == set()


def test_what_the_balance_shows_beyond_value_and_fee_was_paid_by_contracts() -> None:
    paid = read(Movement(None, ME, YOU, 10), alone=True)

    assert hidden_native(paid, ME, NativeChange(100, 100 - 10 - 3 + 7, 1)) == Hidden(7)
    assert hidden_native(paid, ME, NativeChange(100, 100 - 10 - 3, 1)) == Hidden(0)


def test_in_the_company_of_others_only_what_was_unwrapped_is_no_doubt() -> None:
    came = NativeChange(100, 100 - 3 + 7, 1)
    unwrapped = [Movement(None, TOKEN, YOU, raw) for raw in (3, 4, 5)]
    given = Movement(TOKEN, ME, YOU, 10)
    bare, routed, more = read(given), read(given, *unwrapped[:2]), read(given, *unwrapped)

    assert hidden_native(routed, ME, came) == Hidden(7)
    assert [hidden_native(doubtful, ME, came).raw for doubtful in (bare, more)] == [7, 7]
    assert all("may have paid" in hidden_native(doubtful, ME, came).reason for doubtful in (bare, more))
    assert hidden_native(bare, ME, NativeChange(100, 97, 1)) == Hidden(0)


def test_what_the_sender_sent_along_and_what_a_deposit_made_was_not_unwrapped() -> None:
    moved = [
        Movement(None, ME, YOU, 1),
        Movement(None, ZERO_ADDRESS, ME, 2),
        Movement(None, TOKEN, ME, 4),
        Movement(TOKEN, TOKEN, YOU, 8),
        Movement(None, TOKEN, YOU, 16),
    ]

    assert unwrapped_for_others(read(*moved), ME) == 16
    assert unwrapped_for_others(TransactionRead(TX), ME) == 0


def test_a_plain_payment_and_what_others_sent_hide_nothing() -> None:
    assert hidden_native(read(Movement(None, ME, YOU, 10), has_input=False), ME, None) == Hidden(0)
    assert hidden_native(read(Movement(TOKEN, ME, YOU, 10)), YOU, None) == Hidden(0)


def test_what_cannot_be_told_has_a_reason() -> None:
    call = read(Movement(TOKEN, ME, YOU, 10))
    unknown = [
        hidden_native(call, ME, None),
        hidden_native(call, ME, NativeChange(0, 0, 2)),
        hidden_native(call, ME, NativeChange(9, 0, 1)),
        hidden_native(read(sender_fee=None), ME, NativeChange(0, 0, 1)),
    ]

    assert [hidden.raw for hidden in unknown] == [None] * 4
    assert len({hidden.reason for hidden in unknown}) == 4
