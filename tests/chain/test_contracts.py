"""Shipped and committed bytecode is what its source compiles to, and constants are what they are called."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from shared.chain import aggregate, calls, ccip, ens, multicall, tokens
from shared.core.keccak import keccak256
from tests.devnet.anvil import NODE_MODULES
from tests.devnet.tokens import multicall3_code

DEVNET = NODE_MODULES.parent
CONTRACTS = DEVNET.parent.parent / "shared" / "chain" / "contracts"


def build(script: Path, target: Path) -> None:
    subprocess.run(["node", script, target], check=True, capture_output=True)


def test_the_shipped_contracts_are_what_their_sources_compile_to(tmp_path: Path) -> None:
    build(CONTRACTS / "build.mjs", tmp_path)

    shipped = {path.name: path.read_text() for path in CONTRACTS.glob("*.hex")}
    assert shipped == {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert shipped.keys() == {"scanner.hex", "caller.hex"}


def test_the_test_contracts_are_what_their_sources_compile_to(tmp_path: Path) -> None:
    build(DEVNET / "contracts" / "build.mjs", tmp_path)

    assert (DEVNET / "contracts" / "runtime.json").read_text() == (tmp_path / "runtime.json").read_text()


def test_the_shipped_contracts_use_no_opcode_that_older_chains_lack() -> None:
    """PUSH0, MCOPY, TLOAD, TSTORE, BASEFEE, BLOBHASH and BLOBBASEFEE came after Istanbul."""
    for path in CONTRACTS.glob("*.hex"):
        assert opcodes(bytes.fromhex(path.read_text().strip())).isdisjoint(
            {0x5F, 0x5E, 0x5C, 0x5D, 0x48, 0x49, 0x4A}
        )


def opcodes(code: bytes) -> set[int]:
    found, at = set(), 0
    while at < len(code):
        found.add(code[at])
        at += 1 + max(code[at] - 0x5F, 0) * (0x60 <= code[at] <= 0x7F)
    return found


def test_multicall3_is_the_one_of_the_mainnets() -> None:
    code = bytes.fromhex(multicall3_code().removeprefix("0x"))
    assert len(code) == 3808
    assert keccak256(code).hex() == "d5c15df687b16f2ff992fc8d767b4216323184a2bbc6ee2f9c398c318e770891"


@pytest.mark.parametrize(
    ("selector", "signature"),
    [
        (calls.BALANCE_OF, "balanceOf(address)"),
        (multicall.BLOCK_NUMBER, "getBlockNumber()"),
        (multicall.BLOCK_TIME, "getCurrentBlockTimestamp()"),
        (multicall.CHAIN_ID, "getChainId()"),
        (multicall._AGGREGATE3, "aggregate3((address,bool,bytes)[])"),
        (multicall._ETH_BALANCE, "getEthBalance(address)"),
        (aggregate._ARB_BLOCK_NUMBER, "arbBlockNumber()"),
        (tokens._DECIMALS, "decimals()"),
        (tokens._SYMBOL, "symbol()"),
        (tokens._NAME, "name()"),
        (ens._RESOLVE, "resolveWithGateways(bytes,bytes,string[])"),
        (ens._ADDR, "addr(bytes32)"),
        (ccip._OFFCHAIN_LOOKUP, "OffchainLookup(address,string[],bytes,bytes4,bytes)"),
        (ccip._QUERY, "query((address,string[],bytes)[])"),
        (ccip._HTTP_ERROR, "HttpError(uint16,string)"),
        (ccip._ERROR, "Error(string)"),
        (ens._NO_SUCH_NAME[0], "ResolverNotFound(bytes)"),
        (ens._NO_SUCH_NAME[1], "ResolverNotContract(bytes,address)"),
        (ens._NO_SUCH_NAME[2], "UnsupportedResolverProfile(bytes4)"),
        (ens._NO_SUCH_NAME[3], "ResolverError(bytes)"),
    ],
)
def test_a_selector_is_the_hash_of_its_signature(selector: bytes, signature: str) -> None:
    assert selector == keccak256(signature.encode())[:4]
