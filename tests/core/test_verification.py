"""A trade's quantity against what its transaction moved, to the last unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import from_raw
from shared.core.balances import Block
from shared.core.ids import Address, ChainId, address_from_bytes
from shared.core.tokens import erc20
from shared.core.trades import OnChain, Side
from shared.core.transactions import Movement, Receipt, Transaction, TransactionRead
from shared.core.verification import AmountCheck, check_amount, check_time, on_chain
from tests.core.histories import trade
from tests.fakes import NOON

ME, YOU, AT = (address_from_bytes(bytes([n] * 20)) for n in (1, 2, 3))
TOKEN = erc20(ChainId(1), AT, "T", "Token", 6, listed=True)
TX = "0x" + "12" * 32


def read(*movements: Movement, succeeded: bool = True) -> TransactionRead:
    receipt = Receipt(Block(1, NOON), succeeded, 3, movements)
    return TransactionRead(TX, Transaction(TX, ME, YOU, True), receipt)


def check(side: Side, amount: str, found: TransactionRead, wallet: Address = ME) -> AmountCheck | None:
    recorded = trade("t1", side, amount)._replace(wallet=wallet, tx_hash=TX, chain="ethereum")
    return check_amount(recorded, TOKEN, found, None)


@pytest.mark.parametrize(
    ("side", "amount", "matches", "found_raw"),
    [
        ("sell", "5", True, 5_000_000),
        ("sell", "3", True, 3_000_000),
        ("sell", "4", False, 3_000_000),
        ("buy", "2", True, 2_000_000),
        ("buy", "3", False, 0),
        ("transfer_out", "3.0000001", False, 3_000_000),
    ],
)
def test_what_went_both_ways_counts_as_net_or_as_it_went(
    side: Side, amount: str, matches: bool, found_raw: int
) -> None:
    both = read(Movement(AT, ME, YOU, 5_000_000), Movement(AT, YOU, ME, 2_000_000))
    found = check(side, amount, both)

    assert found is not None
    assert (found.matches, found.found_raw, found.decimals) == (matches, found_raw, 6)


@given(st.integers(1, 10**30), st.integers(1, 10**30))
def test_amounts_match_only_to_the_last_unit(moved: int, recorded: int) -> None:
    amount = format(from_raw(recorded, 6), "f")
    found = check("buy", amount, read(Movement(AT, YOU, ME, moved)))

    assert found is not None
    assert (found.matches, found.expected_raw, found.found_raw) == (moved == recorded, recorded, moved)


def test_of_a_failed_or_waiting_transaction_nothing_is_compared() -> None:
    failed = check("sell", "5", read(succeeded=False))

    assert failed is not None
    assert (failed.matches, failed.reason) == (None, "the transaction failed, so nothing moved")
    assert check("sell", "5", replace(read(), receipt=None)) is None
    assert check("sell", "5", TransactionRead(TX)) is None


LATE = "executed_at is more than a day from the block's time, 2026-11-21"
OTHER_AMOUNT = "the transaction moved another amount"
UNREAD = "the amount could not be read"


@pytest.mark.parametrize(
    ("hours", "matches"), [(0, True), (24, True), (-24, True), (25, False), (-25, False)]
)
def test_a_time_matches_to_a_day(hours: int, matches: bool) -> None:
    recorded = trade("t1", "sell", "1", executed_at=NOON + timedelta(hours=hours))
    found = check_time(recorded, read())

    assert found is not None
    assert (found.matches, found.found, found.reason) == (matches, NOON, None if matches else LATE)


@pytest.mark.parametrize(
    ("amount", "late", "matches", "reason"),
    [
        ("5", 0, True, None),
        ("4", 0, False, OTHER_AMOUNT),
        ("5", 9, False, LATE),
        ("4", 9, False, f"{OTHER_AMOUNT}; {LATE}"),
        (None, 0, None, UNREAD),
        (None, 9, False, f"{UNREAD}; {LATE}"),
    ],
)
def test_a_trade_keeps_whether_all_of_it_matches(
    amount: str | None, late: int, matches: bool | None, reason: str | None
) -> None:
    found = read(Movement(AT, ME, YOU, 5_000_000))
    recorded = trade("t1", "sell", amount or "1", executed_at=NOON + timedelta(days=late))
    checked = None if amount is None else check("sell", amount, found)

    assert on_chain(found, checked, check_time(recorded, found)) == OnChain(matches, 1, NOON, reason)


def test_nothing_is_kept_of_what_is_in_no_block() -> None:
    waiting = replace(read(), receipt=None)

    assert check_time(trade("t1", "sell", "1"), waiting) is None
    assert on_chain(waiting, None, None) is None
