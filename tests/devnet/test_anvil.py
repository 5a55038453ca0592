"""Local chains start, stop, and say why when they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.devnet import anvil as devnet
from tests.devnet.anvil import AnvilError, NodePackagesMissing, run_anvil

SOMEONE = "0x00000000000000000000000000000000000A11cE"


def test_a_chain_has_the_id_it_was_given_and_ends_with_its_block() -> None:
    with run_anvil(8453) as chain:
        chain.set_balance(SOMEONE, 7)
        chain.mine(3)

        assert chain.rpc("eth_chainId") == hex(8453)
        assert chain.rpc("eth_getBalance", SOMEONE, "latest") == "0x7"
        assert chain.block_number() == 3
    assert chain.process.poll() is not None


def test_more_calls_than_anvil_takes_at_once_are_answered_in_order() -> None:
    with run_anvil() as chain:
        echoed = chain.batch([("web3_sha3", [f"0x{i:04x}"]) for i in range(1200)])

        assert echoed[1100:1102] == [chain.rpc("web3_sha3", "0x044c"), chain.rpc("web3_sha3", "0x044d")]


def test_a_taken_port_and_a_refused_call_are_told() -> None:
    with run_anvil() as chain:
        with pytest.raises(AnvilError, match="did not start"), run_anvil(port=chain.port):
            pass
        with pytest.raises(AnvilError, match="eth_nonsense"):
            chain.rpc("eth_nonsense")


def test_missing_node_packages_are_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(devnet, "NODE_MODULES", tmp_path)
    with pytest.raises(NodePackagesMissing, match="make setup"), run_anvil():
        pass
