"""An endpoint of another chain is not believed, in whichever way it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from shared.chain.calls import balance_call
from shared.chain.ways import Way
from shared.core.ids import ChainId
from shared.errors import RpcWrongChain
from tests.chain.rpc_proxy import RpcProxy
from tests.chain.setting import OTHER, WALLET, WITHIN, chain_for, client_of, nth_address
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.tokens import MULTICALL3, Erc20, mint, place_multicall3, place_tokens

TOKEN = nth_address(1)


@pytest.fixture(scope="module")
def polygon() -> Iterator[Anvil]:
    with run_anvil(137) as anvil:
        place_multicall3(anvil)
        anvil.set_balance(WALLET, 10**18)
        yield anvil


def forget_chain_id(anvil: Anvil) -> None:
    """Makes Multicall3 one that does not know getChainId()."""
    code = str(anvil.rpc("eth_getCode", MULTICALL3, "latest"))
    assert "633408e470" in code
    anvil.set_code(MULTICALL3, code.replace("633408e470", "633408e471"))


@pytest.mark.parametrize("way", list(Way))
async def test_a_wrong_chain_is_an_error_that_names_it(polygon: Anvil, way: Way) -> None:
    async with RpcProxy(upstream=polygon.url) as node, client_of(chain_for(way), node.url) as client:
        with pytest.raises(RpcWrongChain, match=r"answers for another chain \(id 137\)"):
            await client.read_balances([WALLET], [TOKEN], within=WITHIN)
        with pytest.raises(RpcWrongChain):
            await client.read_calls([balance_call(TOKEN, WALLET)], within=WITHIN)

    assert node.methods.count("eth_getBalance") == 0


@pytest.mark.parametrize("way", list(Way))
async def test_the_next_endpoint_is_asked_instead(anvil: Anvil, polygon: Anvil, way: Way) -> None:
    place_tokens(anvil, Erc20(TOKEN, "A", "A"))
    mint(anvil, {(TOKEN, OTHER): 7})
    async with client_of(chain_for(way), polygon.url, anvil.url) as client:
        found = await client.read_balances([OTHER], [TOKEN], within=WITHIN)

    assert found.balances == {(OTHER, TOKEN): 7}


async def test_a_multicall_that_cannot_tell_its_chain_has_the_endpoint_asked_once(anvil: Anvil) -> None:
    forget_chain_id(anvil)
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(Way.MULTICALL), node.url) as client:
        for _ in range(3):
            await client.read_balances([WALLET], [], within=WITHIN)
    assert node.methods.count("eth_chainId") == 1

    other = replace(chain_for(Way.MULTICALL), chain_id=ChainId(10))
    async with client_of(other, anvil.url) as client:
        with pytest.raises(RpcWrongChain, match="id 1"):
            await client.read_balances([WALLET], [], within=WITHIN)


@pytest.mark.parametrize(("way", "times"), [(Way.INIT_CODE, 0), (Way.MULTICALL, 0), (Way.BATCH, 1)])
async def test_an_endpoint_is_asked_for_its_chain_at_most_once(anvil: Anvil, way: Way, times: int) -> None:
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(way), node.url) as client:
        for _ in range(3):
            await client.read_balances([WALLET], [], within=WITHIN)

    assert node.methods.count("eth_chainId") == times
