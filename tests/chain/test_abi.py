"""The ABI codec against eth_abi."""

from __future__ import annotations

from contextlib import suppress

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from shared.chain import abi
from shared.core.ids import address_from_bytes, parse_address
from shared.errors import RpcBadResponse

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
def test_no_bytes_crash_the_reader(raw: bytes) -> None:
    words = abi.Words(raw)
    for read in (words.byte_string, words.address, words.boolean, words.uint, words.array, words.tuple):
        with suppress(RpcBadResponse):
            read(0)


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
