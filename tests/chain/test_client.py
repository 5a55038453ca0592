"""The chain client on the wire: how many requests it takes, and what it learns of an endpoint."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.chain.calls import NATIVE, Call, Outcome, Reply, balance_call
from shared.chain.client import ChainClient
from shared.chain.endpoint import Endpoint
from shared.chain.reading import Session
from shared.chain.transport import Transport
from shared.chain.ways import Way
from shared.core.balances import TokenFault
from shared.core.ids import Address
from shared.errors import RpcError, RpcReverted
from tests.chain.rpc_proxy import Asked, Mode, RpcProxy, ok, raw, rpc_error, status
from tests.chain.rpc_proxy import Reply as HttpReply
from tests.chain.setting import (
    OTHER,
    WALLET,
    WITHIN,
    chain_for,
    client_of,
    nth_address,
    place_each,
    place_held_tokens,
)
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.tokens import MULTICALL3, Erc20, mint, place_multicall3, place_tokens


def is_init_code(call: dict[str, Any]) -> bool:
    return call["method"] == "eth_call" and "to" not in call["params"][0]


def unless(refused: Callable[[Asked], bool], mode: Mode) -> Mode:
    """Well-behaved, but for these requests."""

    async def choose(node: RpcProxy, asked: Asked) -> HttpReply | None:
        return await (mode if refused(asked) else ok)(node, asked)

    return choose


def runs_init_code(asked: Asked) -> bool:
    return any(is_init_code(call) for call in asked.calls)


def larger_than(size: int) -> Callable[[Asked], bool]:
    return lambda asked: len(asked.body) > size


def holds(*addresses: str) -> Callable[[Asked], bool]:
    return lambda asked: all(address[2:].lower() in asked.body.decode().lower() for address in addresses)


def result_for_each(value: str) -> Mode:
    async def mode(node: RpcProxy, asked: Asked) -> HttpReply | None:
        results = [{"jsonrpc": "2.0", "id": call["id"], "result": value} for call in asked.calls]
        return HttpReply(json.dumps(results if asked.is_batch else results[0]).encode())

    return mode


@pytest.fixture
def held(anvil: Anvil) -> dict[Address, int]:
    return place_held_tokens(anvil, WALLET, 100)


def balances(held: dict[Address, int]) -> dict[tuple[Address, Address | None], int]:
    return {(WALLET, token): raw for token, raw in held.items() if raw}


@pytest.mark.parametrize(("way", "first", "then"), [(Way.INIT_CODE, 1, 1), (Way.MULTICALL, 2, 1)])
async def test_a_read_is_one_request_once_the_endpoint_is_known(
    anvil: Anvil, held: dict[Address, int], way: Way, first: int, then: int
) -> None:
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(way), node.url) as client:
        await client.read_balances([WALLET], list(held), within=WITHIN)
        assert len(node.requests) == first
        await client.read_balances([WALLET], list(held), within=WITHIN)
        assert len(node.requests) == first + then


REFUSALS = {
    "wants a to": rpc_error(-32602, "missing field `to`"),
    "knows no such call": rpc_error(-32601, "method not supported"),
    "says nothing": result_for_each("0x"),
    "sends the code back": result_for_each("0x6080604052"),
    "an opcode it does not have": rpc_error(-32000, "invalid opcode: SHR"),
    "init code of any size is too large": rpc_error(-32000, "max initcode size exceeded"),
    "garbage": raw(b"<html>"),
    "an internal error": rpc_error(-32603, "internal error"),
}


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_an_endpoint_that_does_not_run_init_code_is_read_in_the_next_way_from_then_on(
    anvil: Anvil, held: dict[Address, int], refusal: str
) -> None:
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
        node.behave(then=unless(runs_init_code, REFUSALS[refusal]))
        first = await client.read_balances([WALLET], list(held), within=WITHIN)
        so_far = len(node.requests)
        second = await client.read_balances([WALLET], list(held), within=WITHIN)

    assert first.balances == second.balances == balances(held)
    assert len(node.requests) == so_far + 1


async def test_a_way_is_not_demoted_because_the_endpoint_was_down(
    anvil: Anvil, held: dict[Address, int]
) -> None:
    time = 0.0
    async with RpcProxy(upstream=anvil.url) as node, httpx.AsyncClient(trust_env=False) as http:
        transport = Transport("ethereum", [Endpoint(node.url, http)], clock=lambda: time)
        client = ChainClient(chain_for(), transport)
        await client.read_balances([WALLET], list(held), within=WITHIN)
        for trouble in (status(503), raw(b"<html>")):
            node.behave(then=trouble)
            with pytest.raises(RpcError):
                await client.read_balances([WALLET], list(held), within=0.5)
            time += 3600
        node.behave(then=ok)
        so_far = len(node.requests)
        await client.read_balances([WALLET], list(held), within=WITHIN)

    assert [runs_init_code(asked) for asked in node.requests[so_far:]] == [True]


async def test_one_garbled_answer_costs_a_way_that_worked_a_minute_and_not_an_hour(
    anvil: Anvil, held: dict[Address, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = 0.0
    monkeypatch.setattr(Session, "now", lambda session: asyncio.get_running_loop().time() + later)
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
        await client.read_balances([WALLET], list(held), within=WITHIN)
        node.behave(raw(b"<html>"))
        await client.read_balances([WALLET], list(held), within=WITHIN)
        await client.read_balances([WALLET], list(held), within=WITHIN)
        assert not runs_init_code(node.requests[-1])

        later = 60.0
        await client.read_balances([WALLET], list(held), within=100.0)

    assert runs_init_code(node.requests[-1])


async def test_a_chain_without_multicall_is_read_by_json_rpc(anvil: Anvil, held: dict[Address, int]) -> None:
    async with RpcProxy(upstream=anvil.url) as node:
        node.behave(then=unless(runs_init_code, REFUSALS["wants a to"]))
        async with client_of(chain_for(with_multicall=False), node.url) as client:
            found = await client.read_balances([WALLET], list(held), within=WITHIN)

    assert found.balances == balances(held)


async def test_a_multicall_address_without_code_is_passed_over(
    anvil: Anvil, held: dict[Address, int]
) -> None:
    assert chain_for().multicall is not None
    anvil.set_code(chain_for(Way.MULTICALL).multicall.address, "0x")  # type: ignore[union-attr] # it has one
    async with client_of(chain_for(Way.MULTICALL), anvil.url) as client:
        assert (await client.read_balances([WALLET], list(held), within=WITHIN)).balances == balances(held)


@pytest.mark.parametrize("way", list(Way))
async def test_an_endpoint_that_refuses_large_bodies_gets_small_ones_from_then_on(
    anvil: Anvil, held: dict[Address, int], way: Way
) -> None:
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(way), node.url) as client:
        node.behave(then=unless(larger_than(3000), status(413)))
        first = await client.read_balances([WALLET], list(held), within=WITHIN)
        so_far = len(node.requests)
        second = await client.read_balances([WALLET], list(held), within=WITHIN)

    assert first.balances == second.balances == balances(held)
    assert all(len(asked.body) <= 3000 for asked in node.requests[so_far:])


async def test_chunks_that_meet_different_blocks_are_brought_to_one(anvil: Anvil) -> None:
    held = place_held_tokens(anvil, WALLET, 100)

    one_at_a_time = asyncio.Lock()

    async def mines(node: RpcProxy, asked: Asked) -> HttpReply | None:
        async with one_at_a_time:
            reply = await node.answered(asked)
            anvil.mine()
            return reply

    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
        node.behave(then=unless(larger_than(3000), status(413)))
        await client.read_balances([WALLET], list(held), within=WITHIN)
        before = anvil.block_number()
        node.behave(then=mines)
        so_far = len(node.requests)
        found = await client.read_balances([WALLET], list(held), within=WITHIN)

    chunks = sum(asked.calls[0]["params"][1] == "latest" for asked in node.requests[so_far:])
    assert chunks > 1
    assert found.block.number == before
    assert len(node.requests) - so_far == 2 * chunks - 1
    assert found.balances == balances(held)


@pytest.mark.parametrize("gas_limit", ["3000000", "30000000"])
async def test_multicall_asks_a_gas_burner_by_itself_once_it_is_known(gas_limit: str) -> None:
    """With little gas the whole call fails, with more only what comes behind the burner."""
    with run_anvil(1, "--gas-limit", gas_limit) as anvil:
        place_multicall3(anvil)
        held = place_held_tokens(anvil, WALLET, 200)
        burner = place_each(anvil, "GasBurningToken")["GasBurningToken"]
        tokens = [*list(held)[:30], burner, *list(held)[30:]]
        chain = chain_for(Way.MULTICALL)
        async with RpcProxy(upstream=anvil.url) as node, client_of(chain, node.url) as client:
            first = await client.read_balances([WALLET], tokens, within=WITHIN)
            so_far = len(node.requests)
            second = await client.read_balances([WALLET], tokens, within=WITHIN)

    assert first.balances == second.balances == balances(held)
    assert [fault.token for fault in second.faults] == [burner]
    assert [len(asked.calls) for asked in node.requests[so_far:]] == [1, 1]


async def test_multicall_leaves_out_a_contract_that_even_alone_is_too_much(anvil: Anvil) -> None:
    held = place_held_tokens(anvil, WALLET, 60)
    bad = nth_address(59)
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(Way.MULTICALL), node.url) as client:
        node.behave(then=unless(holds(bad, MULTICALL3), rpc_error(-32000, "out of gas")))
        first = await client.read_balances([WALLET], list(held), within=WITHIN)
        so_far = len(node.requests)
        second = await client.read_balances([WALLET], list(held), within=WITHIN)

    assert first.faults == (TokenFault(bad, "balanceOf: the call used up its gas or time"),)
    assert first.balances == second.balances == balances(held)
    assert [len(asked.calls) for asked in node.requests[so_far:]] == [1, 1]


async def test_a_batch_whose_part_is_rate_limited_is_no_fault_of_the_token(anvil: Anvil) -> None:
    place_tokens(anvil, Erc20(nth_address(1), "A", "A"))

    async def limits_one(node: RpcProxy, asked: Asked) -> HttpReply | None:
        reply = await node.answered(asked)
        if not asked.is_batch:
            return reply
        replies = json.loads(reply.body)
        replies[-1] = {"jsonrpc": "2.0", "id": replies[-1]["id"], "error": {"code": 429, "message": "slow"}}
        return HttpReply(json.dumps(replies).encode())

    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(Way.BATCH), node.url) as client:
        node.behave(then=limits_one)
        with pytest.raises(RpcError):
            await client.read_balances([WALLET], [nth_address(1)], within=1)


@pytest.mark.parametrize("way", list(Way))
async def test_calls_of_any_kind_are_answered_in_order(anvil: Anvil, way: Way) -> None:
    token, nowhere = nth_address(1), nth_address(2)
    bad = place_each(anvil, "RevertingToken", "GasBurningToken")
    place_tokens(anvil, Erc20(token, "A", "A"))
    mint(anvil, {(token, WALLET): 5})
    targets = [token, nowhere, bad["RevertingToken"], bad["GasBurningToken"], token]
    async with client_of(chain_for(way), anvil.url) as client:
        read = await client.read_calls([balance_call(target, WALLET) for target in targets], within=WITHIN)

    five = Reply(Outcome.ANSWERED, (5).to_bytes(32))
    expected = [five, Reply(Outcome.NO_CODE), Reply(Outcome.REVERTED), Reply(Outcome.OUT_OF_GAS), five]
    assert list(read.replies) == expected
    assert read.block.number == anvil.block_number()


async def test_more_calls_than_an_answer_has_room_for_are_all_answered(anvil: Anvil) -> None:
    token = nth_address(1)
    place_tokens(anvil, Erc20(token, "A", "A" * 500))
    name = Call(token, bytes.fromhex("06fdde03"))
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
        read = await client.read_calls([name, balance_call(token, OTHER)] * 60, within=WITHIN)

    assert {reply.outcome for reply in read.replies} == {Outcome.ANSWERED}
    assert [len(reply.data) for reply in read.replies] == [576, 32] * 60
    assert len(node.requests) == 2


async def test_reading_metadata_does_not_make_later_scans_smaller(anvil: Anvil) -> None:
    held = place_held_tokens(anvil, WALLET, 300)
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
        await client.read_tokens(list(held), within=WITHIN)
        so_far = len(node.requests)
        await client.read_balances([WALLET], list(held), within=WITHIN)

    assert len(node.requests) - so_far == 1


async def test_a_single_call_tells_how_it_reverted(anvil: Anvil) -> None:
    bad = place_each(anvil, "RevertingToken")["RevertingToken"]
    async with client_of(chain_for(), anvil.url) as client:
        with pytest.raises(RpcReverted) as caught:
            await client.call(bad, balance_call(NATIVE, WALLET).data, within=WITHIN)

    assert caught.value.data[:4].hex() == "08c379a0"


async def test_an_endpoint_that_is_far_behind_is_passed_over(anvil: Anvil) -> None:
    held = place_held_tokens(anvil, WALLET, 10)
    time = datetime.now(UTC) + timedelta(days=1)
    anvil.rpc("evm_setNextBlockTimestamp", int(time.timestamp()))
    anvil.mine()
    old = "0x01" + (1).to_bytes(8).hex() + (1_700_000_000).to_bytes(8).hex() + (11).to_bytes(4).hex()
    async with RpcProxy(upstream=anvil.url) as node, httpx.AsyncClient(trust_env=False) as http:
        endpoints = [Endpoint(node.url, http), Endpoint(anvil.url, http)]
        client = ChainClient(chain_for(), Transport("ethereum", endpoints), now=lambda: time)
        await client.read_balances([WALLET], list(held), within=WITHIN)
        node.behave(then=result_for_each(old))
        found = await client.read_balances([WALLET], list(held), within=WITHIN)

    assert found.balances == balances(held)
    assert found.block.time == time.replace(microsecond=0)


async def test_a_lone_endpoint_that_goes_back_in_time_is_the_chain(anvil: Anvil) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    async with client_of(chain_for(), anvil.url) as client:
        before = anvil.rpc("evm_snapshot")
        anvil.rpc("evm_setNextBlockTimestamp", int(later.timestamp()))
        anvil.mine()
        ahead = await client.read_balances([WALLET], [], within=WITHIN)
        anvil.rpc("evm_revert", before)
        back = await client.read_balances([WALLET], [], within=WITHIN)

    assert ahead.block.time == later.replace(microsecond=0)
    assert back.block.time < ahead.block.time
