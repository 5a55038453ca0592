"""A read at a block that was read before: the same block or none, under every way of reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.chain.calls import balance_call
from shared.chain.client import ChainClient
from shared.chain.endpoint import Endpoint
from shared.chain.transport import Transport
from shared.chain.ways import Way
from shared.core.balances import Block
from shared.errors import RpcBadResponse, RpcUnavailable
from tests.chain.rpc_proxy import RpcProxy
from tests.chain.setting import WALLET, WITHIN, chain_for, client_of, nth_address, place_held_tokens
from tests.devnet.anvil import Anvil
from tests.devnet.tokens import mint, place_multicall3

every_way = pytest.mark.parametrize("way", list(Way))
TOKEN = nth_address(0)


async def then_and_now(client: ChainClient, anvil: Anvil) -> tuple[Block, int]:
    """The block at which the wallet had what it was given, before it got more and the chain went on."""
    read = await client.read_balances([WALLET], [TOKEN], within=WITHIN)
    anvil.mine()  # what is set is set in the newest block
    mint(anvil, {(TOKEN, WALLET): 5})
    anvil.mine(2)
    return read.block, read.balances[WALLET, TOKEN]


@pytest.fixture
def held(anvil: Anvil) -> Anvil:
    place_multicall3(anvil)
    place_held_tokens(anvil, WALLET, 1)
    anvil.mine()
    return anvil


@every_way
async def test_calls_are_of_the_block_that_is_asked_for(held: Anvil, way: Way) -> None:
    async with client_of(chain_for(way), held.url) as client:
        then, before = await then_and_now(client, held)
        calls = await client.read_calls([balance_call(TOKEN, WALLET)], within=WITHIN, at=then)
        now = await client.read_balances([WALLET], [TOKEN], within=WITHIN)

    assert (calls.block, int.from_bytes(calls.replies[0].data)) == (then, before)
    assert (now.block.number, now.balances[WALLET, TOKEN]) == (then.number + 3, 5)


@every_way
async def test_another_block_in_its_place_is_refused(held: Anvil, way: Way) -> None:
    async with client_of(chain_for(way), held.url) as client:
        then, _ = await then_and_now(client, held)
        other = then._replace(time=then.time - timedelta(seconds=1))
        with pytest.raises(RpcBadResponse, match="changed"):
            await client.read_calls([balance_call(TOKEN, WALLET)], within=WITHIN, at=other)


@every_way
async def test_a_block_that_the_node_does_not_have_is_its_failure(held: Anvil, way: Way) -> None:
    async with client_of(chain_for(way), held.url) as client:
        then, _ = await then_and_now(client, held)
        future = then._replace(number=then.number + 1_000)
        with pytest.raises((RpcUnavailable, RpcBadResponse)):
            await client.read_calls([balance_call(TOKEN, WALLET)], within=WITHIN, at=future)


async def test_a_read_at_a_block_is_one_request(held: Anvil) -> None:
    async with RpcProxy(upstream=held.url) as proxy, client_of(chain_for(), proxy.url) as client:
        then, _ = await then_and_now(client, held)
        before = len(proxy.requests)
        await client.read_calls([balance_call(TOKEN, WALLET)] * 20, within=WITHIN, at=then)

    assert len(proxy.requests) == before + 1


async def test_an_old_block_is_not_taken_for_an_endpoint_that_is_behind(held: Anvil) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        endpoints = [Endpoint(held.url, http), Endpoint(held.url, http)]
        client = ChainClient(chain_for(), Transport("ethereum", endpoints), now=an_hour_later)
        then, before = await then_and_now(client, held)
        held.rpc("evm_increaseTime", 3600)
        held.mine()
        await client.read_balances([WALLET], [TOKEN], within=WITHIN)
        read = await client.read_calls([balance_call(TOKEN, WALLET)], within=WITHIN, at=then)

    assert int.from_bytes(read.replies[0].data) == before


def an_hour_later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)
