"""Calls that look things up off the chain: a scripted contract, and gateways that are a dictionary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from eth_abi.abi import decode, encode

from shared.chain.ccip import LOCAL_BATCH, Question
from shared.chain.offchain import call_offchain
from shared.core.ids import Address
from shared.errors import GatewayRefused, RpcBadResponse, RpcError, RpcReverted, RpcTooLarge, RpcUnavailable
from tests.chain.lookups import CALLBACK, batch_of, lookup_revert
from tests.chain.rpc_proxy import RpcFault, RpcProxy
from tests.chain.setting import OTHER, WALLET, WITHIN, chain_for, client_of

CONTRACT = WALLET
DOWN = RpcUnavailable("down.example: no connection")
GONE = GatewayRefused("gone.example: HTTP 404", 404)


@dataclass
class FakeGateways:
    """URL → answer, or the failure to raise."""

    answers: dict[str, bytes | RpcError] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)

    async def fetch(self, question: Question, *, within: float) -> bytes:
        self.asked.append(question)
        answer = self.answers[question.urls[0]]
        if isinstance(answer, RpcError):
            raise answer
        return answer


class Contract:
    """Says one thing after the other: bytes it returns, or the reverts in a list of one."""

    def __init__(self, *says: bytes | list[bytes]) -> None:
        self._says = list(says)
        self.calls: list[bytes] = []

    def __call__(self, method: str, params: Sequence[dict[str, str]]) -> str:
        self.calls.append(bytes.fromhex(params[0]["data"][2:]))
        said = self._says.pop(0) if len(self._says) > 1 else self._says[0]
        if isinstance(said, list):
            raise RpcFault(3, "execution reverted", "0x" + said[0].hex())
        return "0x" + said.hex()


async def call(contract: Contract, gateways: FakeGateways) -> bytes:
    async with RpcProxy(contract) as node, client_of(chain_for(), node.url) as client:
        return await call_offchain(client, gateways, CONTRACT, b"question", within=WITHIN)


def looks_up(
    *urls: str, sender: Address = CONTRACT, data: bytes = b"data", left: bytes = b"left"
) -> list[bytes]:
    return [lookup_revert(sender, urls, data, left)]


def handed_over(call_data: bytes) -> bytes:
    """The answer that a callback was given."""
    assert call_data[:4] == CALLBACK
    answer, left = decode(["bytes", "bytes"], call_data[4:])
    assert left == b"left"
    return bytes(answer)


async def test_a_call_that_looks_nothing_up_is_only_a_call() -> None:
    contract, gateways = Contract(b"result"), FakeGateways()

    assert await call(contract, gateways) == b"result"
    assert contract.calls == [b"question"]
    assert gateways.asked == []


async def test_the_contract_is_called_back_with_the_answer() -> None:
    contract, gateways = Contract(looks_up("url"), b"result"), FakeGateways({"url": b"answer"})

    assert await call(contract, gateways) == b"result"
    assert gateways.asked == [Question(CONTRACT, ("url",), b"data")]
    assert handed_over(contract.calls[1]) == b"answer"


async def test_four_lookups_may_follow_each_other() -> None:
    gateways = FakeGateways({"url": b"answer"})

    assert await call(Contract(*[looks_up("url")] * 4, b"result"), gateways) == b"result"
    assert len(gateways.asked) == 4


async def test_lookups_without_end_are_given_up() -> None:
    gateways = FakeGateways({"url": b"answer"})

    with pytest.raises(RpcTooLarge, match="more than 4"):
        await call(Contract(looks_up("url")), gateways)


async def test_a_lookup_in_the_name_of_another_contract_is_refused() -> None:
    gateways = FakeGateways({"url": b"answer"})

    with pytest.raises(RpcBadResponse, match="another contract"):
        await call(Contract(looks_up("url", sender=OTHER), b"result"), gateways)
    assert gateways.asked == []


async def test_another_revert_is_passed_on() -> None:
    with pytest.raises(RpcReverted) as reverted:
        await call(Contract([b"sorry"]), FakeGateways())

    assert reverted.value.data == b"sorry"


async def test_a_failed_gateway_fails_the_call() -> None:
    with pytest.raises(RpcUnavailable, match=r"down\.example"):
        await call(Contract(looks_up("url"), b"result"), FakeGateways({"url": DOWN}))


async def test_a_batch_is_answered_by_the_client_itself() -> None:
    questions = [Question(OTHER, (url,), url.encode()) for url in ("one", "down", "two")]
    contract = Contract(looks_up(LOCAL_BATCH, "https://hosted.example", data=batch_of(*questions)), b"result")
    gateways = FakeGateways({"one": b"1", "two": b"2", "down": DOWN})

    assert await call(contract, gateways) == b"result"
    assert gateways.asked == questions
    failed, answers = decode(["bool[]", "bytes[]"], handed_over(contract.calls[1]))
    assert failed == (False, True, False)
    assert (answers[0], answers[2]) == (b"1", b"2")
    assert b"down.example" in answers[1]


async def test_a_batch_may_hold_a_batch() -> None:
    inner = Question(OTHER, (LOCAL_BATCH,), batch_of(Question(OTHER, ("url",), b"")))
    contract = Contract(looks_up(LOCAL_BATCH, data=batch_of(inner)), b"result")

    assert await call(contract, FakeGateways({"url": b"answer"})) == b"result"
    failed, answers = decode(["bool[]", "bytes[]"], handed_over(contract.calls[1]))
    assert failed == (False,)
    assert decode(["bool[]", "bytes[]"], answers[0]) == ((False,), (b"answer",))


async def test_batches_in_batches_have_a_bottom() -> None:
    question = Question(OTHER, ("url",), b"")
    for _ in range(5):
        question = Question(OTHER, (LOCAL_BATCH,), batch_of(question))
    contract, gateways = Contract(looks_up(LOCAL_BATCH, data=batch_of(question)), b"result"), FakeGateways()

    assert await call(contract, gateways) == b"result"
    assert b"deep" in handed_over(contract.calls[1])
    assert gateways.asked == []


async def test_one_call_asks_sixteen_questions_in_all() -> None:
    sixteen = looks_up(LOCAL_BATCH, data=batch_of(*[Question(OTHER, ("url",), b"")] * 16))
    gateways = FakeGateways({"url": b"answer"})

    with pytest.raises(RpcTooLarge, match="more than 16"):
        await call(Contract(sixteen, looks_up("url"), b"result"), gateways)
    assert len(gateways.asked) == 16


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("failure", [DOWN, GONE])
async def test_a_failure_that_the_contract_passes_on_is_what_it_was(failure: RpcError, wrapped: bool) -> None:
    """A contract can only revert with what the batch told it."""

    class PassesOn(Contract):
        def __call__(self, method: str, params: Sequence[dict[str, str]]) -> str:
            if len(self.calls) == 1:
                _failed, told = decode(
                    ["bool[]", "bytes[]"], handed_over(bytes.fromhex(params[0]["data"][2:]))
                )
                self._says = [[b"oops" + encode(["bytes"], [told[0]]) if wrapped else told[0]]]
            return super().__call__(method, params)

    contract = PassesOn(looks_up(LOCAL_BATCH, data=batch_of(Question(OTHER, ("url",), b""))), b"")
    with pytest.raises(type(failure)) as raised:
        await call(contract, FakeGateways({"url": failure}))

    assert raised.value is failure


async def test_a_malformed_lookup_is_a_bad_response() -> None:
    with pytest.raises(RpcBadResponse):
        await call(Contract([lookup_revert(CONTRACT, ["url"], b"")[:70]]), FakeGateways())
