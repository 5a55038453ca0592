"""The ABI codec against eth_abi."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from shared.chain import abi
from shared.core.ids import address_from_bytes, parse_address
from shared.errors import RpcBadResponse
from tests.chain.setting import outcome_of

addresses = st.binary(min_size=20, max_size=20).map(address_from_bytes)
numbers = st.integers(0, 2**256 - 1)
byte_strings = st.binary(max_size=100)
call3s = st.lists(st.tuples(addresses, st.booleans(), byte_strings), max_size=5)


@given(numbers, addresses, byte_strings, st.lists(numbers, max_size=5))
def test_joining_is_what_eth_abi_does(number: int, address: str, raw: bytes, many: list[int]) -> None:
    ours = abi.join(
        [
            abi.uint(number),
            abi.byte_string(raw),
            abi.address(parse_address(address)),
            abi.array([abi.uint(each) for each in many]),
        ]
    )
    assert ours == encode(["uint256", "bytes", "address", "uint256[]"], [number, raw, address, many])


@given(numbers, addresses, byte_strings, st.booleans())
def test_reading_is_what_eth_abi_wrote(number: int, address: str, raw: bytes, flag: bool) -> None:
    words = abi.Words(encode(["uint256", "bytes", "address", "bool"], [number, raw, address, flag]))

    assert (words.uint(0), words.byte_string(1), words.address(2), words.boolean(3)) == (
        number,
        raw,
        address,
        flag,
    )


@given(call3s)
def test_arrays_of_tuples_are_read_as_eth_abi_wrote_them(tuples: list[tuple[str, bool, bytes]]) -> None:
    length, array = abi.Words(encode(["(address,bool,bytes)[]"], [tuples])).array(0)
    read = [array.tuple(i) for i in range(length)]

    assert [(each.address(0), each.boolean(1), each.byte_string(2)) for each in read] == tuples


@given(st.binary(max_size=300))
def test_any_word_is_read_as_it_stands_or_refused(raw: bytes) -> None:
    words, word = abi.Words(raw), raw[:32]
    number = int.from_bytes(word)
    there = len(word) == 32

    for read, is_one, value in (
        (words.uint, there, number),
        (words.boolean, there and number < 2, number == 1),
        (words.address, there and number < 2**160, address_from_bytes(word[12:]) if there else None),
        (words.tuple, there and number <= len(raw), None),
    ):
        outcome = outcome_of(lambda read=read: read(0))  # type: ignore[misc]
        assert isinstance(outcome, RpcBadResponse) is not is_one
        assert not is_one or value in (None, outcome)


@given(st.binary(max_size=200) | st.lists(st.integers(0, 200).map(abi.uint), max_size=6).map(b"".join))
def test_any_string_or_array_is_within_the_answer_or_refused(raw: bytes) -> None:
    words = abi.Words(raw)
    content, array = outcome_of(lambda: words.byte_string(0)), outcome_of(lambda: words.array(0))

    at = int.from_bytes(raw[:32])
    length = int.from_bytes(raw[at : at + 32])
    room = len(raw) - at - 32 if len(raw) >= 32 else -1
    if room >= length:
        assert content == raw[at + 32 : at + 32 + length]
    else:
        assert isinstance(content, RpcBadResponse)
    if room >= length * 32:
        assert isinstance(array, tuple)
        assert array[0] == length
    else:
        assert isinstance(array, RpcBadResponse)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(abi.uint(2**255) + abi.uint(1), id="an offset out of the answer"),
        pytest.param(abi.uint(32) + abi.uint(2**200), id="a length out of the answer"),
        pytest.param(abi.uint(32) + abi.uint(5) + b"four", id="cut content"),
        pytest.param(abi.uint(64), id="an offset to the end"),
    ],
)
def test_a_false_byte_string_is_refused(raw: bytes) -> None:
    with pytest.raises(RpcBadResponse):
        abi.Words(raw).byte_string(0)


def test_values_too_large_for_their_type_are_refused() -> None:
    words = abi.Words(abi.uint(2**160))
    for read in (words.address, words.boolean):
        with pytest.raises(RpcBadResponse):
            read(0)
    with pytest.raises(RpcBadResponse):
        words.uint(0, 64)


def test_a_false_array_length_is_refused_before_it_is_walked() -> None:
    with pytest.raises(RpcBadResponse):
        abi.Words(abi.uint(32) + abi.uint(10**9) + bytes(64)).array(0)
