"""aggregate3, as eth_abi has it."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.calls import NATIVE, Call, Outcome, Reply, balance_call
from shared.chain.multicall import aggregate3, parse_replies
from shared.core.ids import address_from_bytes
from shared.core.keccak import keccak256
from shared.errors import RpcBadResponse
from tests.chain.setting import OTHER, WALLET, nth_address

MULTICALL = nth_address(99)
calls = st.lists(
    st.builds(
        Call, st.binary(min_size=20, max_size=20).filter(any).map(address_from_bytes), st.binary(max_size=80)
    ),
    max_size=6,
)
results = st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=6)


@given(calls)
def test_calls_are_encoded_as_eth_abi_does(many: list[Call]) -> None:
    expected = encode(["(address,bool,bytes)[]"], [[(call.target, True, call.data) for call in many]])
    selector = keccak256(b"aggregate3((address,bool,bytes)[])")[:4]
    assert aggregate3(many, MULTICALL) == Call(MULTICALL, selector + expected)


def test_the_native_coin_is_asked_of_the_contract_itself() -> None:
    selector = keccak256(b"getEthBalance(address)")[:4]
    asked = Call(MULTICALL, selector + balance_call(NATIVE, WALLET).data[4:])

    both = [balance_call(NATIVE, WALLET), balance_call(nth_address(1), OTHER)]
    assert aggregate3(both, MULTICALL) == aggregate3([asked, both[1]], MULTICALL)


@given(results)
def test_replies_come_out_in_order(many: list[tuple[bool, bytes]]) -> None:
    answer = encode(["(bool,bytes)[]"], [many])

    assert parse_replies(answer, len(many)) == [
        Reply(Outcome.ANSWERED, raw) if succeeded else Reply(Outcome.REVERTED) for succeeded, raw in many
    ]


@given(results, st.data())
def test_a_cut_answer_is_refused(many: list[tuple[bool, bytes]], data: st.DataObject) -> None:
    answer = encode(["(bool,bytes)[]"], [[*many, (True, b"x" * 32)]])
    cut = data.draw(st.integers(0, len(answer) - 1))
    with pytest.raises(RpcBadResponse):
        parse_replies(answer[:cut], len(many) + 1)


def test_another_number_of_replies_is_refused() -> None:
    answer = encode(["(bool,bytes)[]"], [[(True, b"")]])
    with pytest.raises(RpcBadResponse):
        parse_replies(answer, 2)
