"""Logs of every form that anybody may write, read as movements or left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.token_logs import (
    DEPOSIT,
    TRANSFER,
    WITHDRAWAL,
    Log,
    movements_of,
    parse_log,
    transfer_of,
)
from shared.core.ids import ZERO_ADDRESS, Address, address_bytes
from shared.core.transactions import Movement
from shared.errors import RpcBadResponse
from tests.chain.setting import OTHER, WALLET, nth_address

TOKEN, WRAPPED = nth_address(1), nth_address(2)


def word(value: Address | int) -> bytes:
    return value.to_bytes(32) if isinstance(value, int) else address_bytes(value).rjust(32, b"\0")


FROM_TO = (word(WALLET), word(OTHER))
MOVED = Movement(TOKEN, WALLET, OTHER, 7)


@pytest.mark.parametrize(
    ("topics", "data", "expected"),
    [
        ((TRANSFER, *FROM_TO), word(7), MOVED),
        ((TRANSFER,), b"".join((*FROM_TO, word(7))), MOVED),
        ((TRANSFER, *FROM_TO, word(7)), b"", None),
        ((TRANSFER, *FROM_TO, word(7)), word(7), None),
        ((TRANSFER, *FROM_TO), b"", None),
        ((TRANSFER, *FROM_TO), word(7)[1:], None),
        ((TRANSFER, *FROM_TO), word(7) * 2, None),
        ((TRANSFER, word(WALLET)), word(OTHER) + word(7), None),
        ((TRANSFER,), b"".join(FROM_TO), None),
        ((TRANSFER, b"\x01" + word(WALLET)[1:], word(OTHER)), word(7), None),
        ((TRANSFER,), b"".join((b"\xff" * 32, word(OTHER), word(7))), None),
        ((DEPOSIT, word(WALLET)), word(7), None),
        ((), word(7), None),
    ],
    ids=[
        "as the standard has it",
        "nothing indexed",
        "an NFT",
        "an NFT with data",
        "no amount",
        "a short amount",
        "a long amount",
        "half indexed",
        "too little",
        "dirty topic",
        "dirty data",
        "another event",
        "anonymous",
    ],
)
def test_only_an_erc20_transfer_is_one(
    topics: tuple[bytes, ...], data: bytes, expected: Movement | None
) -> None:
    assert transfer_of(Log(TOKEN, topics, data)) == expected


def test_wrapping_makes_tokens_and_unwrapping_pays_native_coins() -> None:
    deposit = Log(WRAPPED, (DEPOSIT, word(WALLET)), word(5))
    withdrawal = Log(WRAPPED, (WITHDRAWAL, word(WALLET)), word(3))

    assert movements_of([deposit, withdrawal], WRAPPED) == [
        Movement(WRAPPED, ZERO_ADDRESS, WALLET, 5),
        Movement(WRAPPED, WALLET, ZERO_ADDRESS, 3),
        Movement(None, WRAPPED, WALLET, 3),
    ]


def test_a_wrapper_that_logs_a_transfer_too_counts_once() -> None:
    minted = Log(WRAPPED, (TRANSFER, word(ZERO_ADDRESS), word(WALLET)), word(5))
    deposit = Log(WRAPPED, (DEPOSIT, word(WALLET)), word(5))
    burnt = Log(WRAPPED, (TRANSFER, word(WALLET), word(ZERO_ADDRESS)), word(3))
    withdrawal = Log(WRAPPED, (WITHDRAWAL, word(WALLET)), word(3))

    assert movements_of([minted, deposit, deposit, burnt, withdrawal], WRAPPED) == [
        Movement(WRAPPED, ZERO_ADDRESS, WALLET, 5),
        Movement(WRAPPED, WALLET, ZERO_ADDRESS, 3),
        Movement(WRAPPED, ZERO_ADDRESS, WALLET, 5),
        Movement(None, WRAPPED, WALLET, 3),
    ]


@pytest.mark.parametrize("wrapped", [None, TOKEN])
def test_deposits_of_other_contracts_are_not_wrapping(wrapped: Address | None) -> None:
    logs = [Log(WRAPPED, (topic, word(WALLET)), word(5)) for topic in (DEPOSIT, WITHDRAWAL)]

    assert movements_of(logs, wrapped) == []


GOOD: dict[str, Any] = {"address": TOKEN.lower(), "topics": ["0x" + TRANSFER.hex()], "data": "0x"}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        "log",
        {},
        {**GOOD, "address": "0x12"},
        {**GOOD, "address": None},
        {**GOOD, "topics": None},
        {**GOOD, "topics": ["0x12"]},
        {**GOOD, "topics": [GOOD["topics"][0]] * 5},
        {**GOOD, "topics": [7]},
        {**GOOD, "data": "12"},
        {**GOOD, "data": None},
        {**GOOD, "data": "0x1"},
    ],
    ids=str,
)
def test_what_is_no_log_is_a_bad_answer(bad: Any) -> None:
    with pytest.raises(RpcBadResponse):
        parse_log(bad)


@given(
    st.lists(
        st.binary(min_size=32, max_size=32) | st.sampled_from([TRANSFER, DEPOSIT, WITHDRAWAL]), max_size=4
    ),
    st.binary(max_size=200),
)
def test_any_log_is_read_without_a_surprise(topics: list[bytes], data: bytes) -> None:
    for movement in movements_of([Log(WRAPPED, tuple(topics), data)], WRAPPED):
        assert 0 <= movement.raw < 2**256
