"""All ways of reading balances against a real EVM: the same result, whatever tokens do."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime

import pytest

from shared.chain.ways import Way
from shared.core.balances import BalanceRead, Block, TokenFault
from shared.core.ids import Address, parse_address
from tests.chain.rpc_proxy import RpcProxy
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
from tests.devnet.anvil import NODE_MODULES, Anvil, run_anvil
from tests.devnet.tokens import MULTICALL3, Erc20, mapping_slot, mint, place, place_tokens

BALANCE_OF_ABI = [
    {
        "type": "function",
        "name": "balanceOf",
        "stateMutability": "view",
        "inputs": [{"name": "holder", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    }
]
HOSTILE = {
    "RevertingToken": "balanceOf: the call reverted",
    "GasBurningToken": "balanceOf: the call used up its gas or time",
    "SilentToken": "balanceOf: the answer has the wrong length",
    "ShortToken": "balanceOf: the answer has the wrong length",
    "LongToken": "balanceOf: the answer has the wrong length",
    "HugeToken": "balanceOf: the call used up its gas or time",
}


@pytest.fixture(params=list(Way), ids=lambda way: way.name.lower())
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


async def read(anvil: Anvil, way: Way, wallets: list[Address], tokens: list[Address]) -> BalanceRead:
    async with client_of(chain_for(way), anvil.url) as client:
        return await client.read_balances(wallets, tokens, within=WITHIN)


async def test_every_way_reads_native_and_token_balances_at_the_latest_block(anvil: Anvil, way: Way) -> None:
    usdc, steth, mkr = nth_address(1), nth_address(2), nth_address(3)
    place_tokens(
        anvil,
        Erc20(usdc, "USDC", "USD Coin", 6),
        Erc20(steth, "TSLAx", "Tesla xStock", kind="RebasingToken", multiplier=1_008 * 10**15),
        Erc20(mkr, "MKR", "Maker", kind="Bytes32Token"),
    )
    mint(anvil, {(usdc, WALLET): 2**256 - 1, (steth, WALLET): 10**18, (usdc, OTHER): 1})
    anvil.set_balance(WALLET, 3 * 10**18)
    anvil.mine(2)

    found = await read(anvil, way, [WALLET, OTHER], [usdc, steth, mkr])

    latest = anvil.rpc("eth_getBlockByNumber", "latest", False)
    assert isinstance(latest, dict)
    time = datetime.fromtimestamp(int(str(latest["timestamp"]), 16), UTC)
    assert found.block == Block(anvil.block_number(), time)
    assert found.balances == {
        (WALLET, None): 3 * 10**18,
        (WALLET, usdc): 2**256 - 1,
        (WALLET, steth): 1_008 * 10**15,
        (OTHER, usdc): 1,
    }
    assert (found.faults, found.without_code, found.tokens_scanned) == ((), frozenset(), 3)


async def test_every_way_agrees_with_viem(anvil: Anvil, way: Way) -> None:
    held = place_held_tokens(anvil, WALLET, 300, every=3)
    anvil.set_balance(OTHER, 5)
    mint(anvil, {(nth_address(7), OTHER): 12})

    found = await read(anvil, way, [WALLET, OTHER], list(held))

    assert found.balances == read_by_viem(anvil, [WALLET, OTHER], list(held))
    assert len(found.balances) == 102


def read_by_viem(
    anvil: Anvil, wallets: list[Address], tokens: list[Address]
) -> dict[tuple[Address, Address | None], int]:
    question = {"url": anvil.url, "multicall": MULTICALL3, "wallets": wallets, "tokens": tokens}
    script = NODE_MODULES.parent / "viem_balances.mjs"
    answer = subprocess.run(
        ["node", script], input=json.dumps(question), capture_output=True, text=True, check=True
    )
    return {
        (wallet, token): int(raw)
        for wallet, row in zip(wallets, json.loads(answer.stdout), strict=True)
        for token, raw in zip([None, *tokens], row, strict=True)
        if int(raw)
    }


async def test_web3_reads_the_same(anvil: Anvil) -> None:
    from eth_utils.address import to_checksum_address
    from web3 import AsyncHTTPProvider, AsyncWeb3  # slow to import

    held = place_held_tokens(anvil, WALLET, 20, every=2)
    web3 = AsyncWeb3(AsyncHTTPProvider(anvil.url))
    contracts = {token: web3.eth.contract(to_checksum_address(token), abi=BALANCE_OF_ABI) for token in held}
    by_web3 = {
        (WALLET, token): await contract.functions.balanceOf(WALLET).call()
        for token, contract in contracts.items()
    }
    await web3.provider.disconnect()

    found = await read(anvil, Way.INIT_CODE, [WALLET], list(held))

    assert found.balances == {pair: raw for pair, raw in by_web3.items() if raw}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_token_costs_only_itself(anvil: Anvil, way: Way, name: str) -> None:
    good, further = nth_address(1), nth_address(2)
    bad = place_each(anvil, name)[name]
    place_tokens(anvil, Erc20(good, "A", "A"), Erc20(further, "B", "B"))
    mint(anvil, {(good, WALLET): 1, (further, WALLET): 2, (further, OTHER): 3})

    found = await read(anvil, way, [WALLET, OTHER], [good, bad, further])

    assert found.balances == {(WALLET, good): 1, (WALLET, further): 2, (OTHER, further): 3}
    assert [fault.token for fault in found.faults] == [bad]
    # Only the scanner gives each call its own gas: elsewhere 2 MB do arrive.
    huge = name == "HugeToken" and way is not Way.INIT_CODE
    assert found.faults == (TokenFault(bad, HOSTILE["LongToken" if huge else name]),)
    assert found.without_code == frozenset()


async def test_many_hostile_tokens_together_cost_only_themselves(anvil: Anvil, way: Way) -> None:
    bad = [nth_address(0x1000 + i) for i in range(40)]
    for i, address in enumerate(bad):
        place(anvil, list(HOSTILE)[i % len(HOSTILE)], address)
    held = place_held_tokens(anvil, WALLET, 40, every=2)
    mixed = [address for both in zip(bad, held, strict=True) for address in both]

    found = await read(anvil, way, [WALLET, OTHER], mixed)

    assert found.balances == {(WALLET, token): raw for token, raw in held.items() if raw}
    assert {fault.token for fault in found.faults} == set(bad)


async def test_an_address_without_code_is_not_held_and_no_fault(anvil: Anvil, way: Way) -> None:
    nowhere, token = nth_address(1), nth_address(2)
    place_tokens(anvil, Erc20(token, "A", "A"))
    mint(anvil, {(token, WALLET): 4})

    found = await read(anvil, way, [WALLET, OTHER], [nowhere, token])

    assert found.balances == {(WALLET, token): 4}
    assert (found.faults, found.without_code) == ((), frozenset({nowhere}))


async def test_a_token_that_fails_for_one_wallet_has_no_balance_that_looks_like_the_whole(
    anvil: Anvil, way: Way
) -> None:
    picky = place_each(anvil, "PickyToken")["PickyToken"]
    anvil.set_storage(picky, 0, int(WALLET, 16))

    assert (await read(anvil, way, [OTHER], [picky])).balances == {(OTHER, picky): 7}

    for wallets in ([WALLET, OTHER], [OTHER, WALLET]):
        found = await read(anvil, way, wallets, [picky])
        assert found.balances == {}
        assert found.faults == (TokenFault(picky, "balanceOf: the call reverted"),)


async def test_what_is_asked_for_twice_is_read_once(anvil: Anvil, way: Way) -> None:
    token = nth_address(1)
    place_tokens(anvil, Erc20(token, "A", "A"))
    mint(anvil, {(token, WALLET): 4})

    found = await read(anvil, way, [WALLET, WALLET], [token, token, parse_address("0x" + "00" * 20)])

    assert found.balances == {(WALLET, token): 4}
    assert found.tokens_scanned == 1


async def test_no_tokens_and_no_wallets_still_tell_the_block(anvil: Anvil, way: Way) -> None:
    anvil.set_balance(WALLET, 9)

    assert (await read(anvil, way, [WALLET], [])).balances == {(WALLET, None): 9}
    assert (await read(anvil, way, [], [nth_address(1)])).block.number == anvil.block_number()


@pytest.mark.parametrize("way", [Way.INIT_CODE, Way.MULTICALL])
async def test_arbitrum_tells_its_own_block_number(anvil: Anvil, way: Way) -> None:
    arb_sys = "0x0000000000000000000000000000000000000064"
    place(anvil, "ArbSys", arb_sys)
    anvil.set_storage(arb_sys, 0, 290_000_000)

    assert (await read(anvil, way, [WALLET], [])).block.number == 290_000_000


async def test_a_thousand_tokens_are_one_request_of_45_bytes_a_token(anvil: Anvil) -> None:
    held = place_held_tokens(anvil, WALLET, 1000)
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
        found = await client.read_balances([WALLET], list(held), within=WITHIN)

    assert found.balances == {(WALLET, token): raw for token, raw in held.items() if raw}
    assert [len(asked.calls) for asked in node.requests] == [1]
    assert len(node.requests[0].body) <= 45_000


async def test_fifty_wallets_and_thirteen_hundred_tokens_are_read_at_one_block(anvil: Anvil) -> None:
    wallets = [nth_address(0x2000 + i) for i in range(50)]
    tokens = list(place_held_tokens(anvil, wallets[0], 1300, every=1))
    mint(anvil, {(tokens[i * 26], wallet): i + 1 for i, wallet in enumerate(wallets) if i})
    async with client_of(chain_for(), anvil.url) as client:
        found = await client.read_balances(wallets, tokens, within=WITHIN)

    expected = {(wallets[0], token): 10**18 + i for i, token in enumerate(tokens)}
    expected |= {(wallet, tokens[i * 26]): i + 1 for i, wallet in enumerate(wallets) if i}
    assert found.balances == expected
    assert found.faults == ()


async def test_a_node_with_little_gas_is_asked_again_for_the_rest() -> None:
    with run_anvil(1, "--gas-limit", "2500000") as anvil:
        held = place_held_tokens(anvil, WALLET, 1000)
        anvil.mine(1)
        async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
            found = await client.read_balances([WALLET], list(held), within=WITHIN)
            first = len(node.requests)
            again = await client.read_balances([WALLET], list(held), within=WITHIN)

    assert found.balances == {(WALLET, token): raw for token, raw in held.items() if raw}
    assert again.balances == found.balances
    assert 2 <= len(node.requests) - first < 12


async def test_more_balances_than_an_answer_has_room_for_are_read_in_two(anvil: Anvil) -> None:
    tokens = [nth_address(i) for i in range(800)]
    place_tokens(anvil, *(Erc20(token, "A", "A") for token in tokens))
    mint(anvil, {(token, WALLET): 2**256 - 1 - i for i, token in enumerate(tokens)})
    async with RpcProxy(upstream=anvil.url) as node, client_of(chain_for(), node.url) as client:
        found = await client.read_balances([WALLET], tokens, within=WITHIN)

    assert found.balances == {(WALLET, token): 2**256 - 1 - i for i, token in enumerate(tokens)}
    assert len(node.requests) == 2


def test_a_mapping_slot_is_where_solidity_puts_it(anvil: Anvil) -> None:
    place(anvil, "Erc20", nth_address(1))
    mint(anvil, {(nth_address(1), WALLET): 6})

    slot = f"0x{mapping_slot(bytes.fromhex(WALLET[2:]), 0):064x}"
    assert anvil.rpc("eth_getStorageAt", nth_address(1), slot, "latest") == f"0x{6:064x}"
