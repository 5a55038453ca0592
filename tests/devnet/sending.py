"""Real transactions on a local chain: its accounts are unlocked, and each transaction is a block."""

from __future__ import annotations

import time

from eth_abi.abi import encode

from shared.core.ids import Address, parse_address
from shared.core.keccak import keccak256

from .anvil import Anvil, AnvilError, Json

_MOST_SECONDS = 30.0


def account(anvil: Anvil, number: int = 0) -> Address:
    """One of the chain's rich accounts."""
    accounts = anvil.rpc("eth_accounts")
    assert isinstance(accounts, list)
    return parse_address(str(accounts[number]))


def send(
    anvil: Anvil, sender: Address, to: Address, data: bytes = b"", value: int = 0, gas: int = 500_000
) -> str:
    """Sends a transaction, also one that fails; its hash, once it is in a block.

    While the chain mines nothing by itself the transaction is left waiting. Raises AnvilError when it is in
    no block for long.
    """
    call: dict[str, Json] = {
        "from": sender,
        "to": to,
        "data": "0x" + data.hex(),
        "value": hex(value),
        "gas": hex(gas),
    }
    tx_hash, mines = anvil.batch([("eth_sendTransaction", [call]), ("anvil_getAutomine", [])])
    if mines:
        _wait(anvil, str(tx_hash))
    return str(tx_hash)


def _wait(anvil: Anvil, tx_hash: str) -> None:
    """The hash is told before the block is there, on a busy machine long before."""
    deadline = time.monotonic() + _MOST_SECONDS
    while anvil.rpc("eth_getTransactionReceipt", tx_hash) is None:
        if time.monotonic() > deadline:
            raise AnvilError(f"{tx_hash} is in no block after {_MOST_SECONDS:g} seconds")
        time.sleep(0.01)


def call_data(signature: str, *values: object) -> bytes:
    """The call of a function such as `transfer(address,uint256)`."""
    kinds = signature[signature.index("(") + 1 : -1].split(",")
    return keccak256(signature.encode())[:4] + (encode(kinds, values) if values else b"")


def fee_of(anvil: Anvil, tx_hash: str) -> int:
    """What the sender paid in gas, by the receipt."""
    receipt = anvil.rpc("eth_getTransactionReceipt", tx_hash)
    assert isinstance(receipt, dict)
    return int(str(receipt["gasUsed"]), 16) * int(str(receipt["effectiveGasPrice"]), 16)


def block_of(anvil: Anvil, tx_hash: str) -> int:
    """The number of the block that a transaction is in."""
    receipt = anvil.rpc("eth_getTransactionReceipt", tx_hash)
    assert isinstance(receipt, dict)
    return int(str(receipt["blockNumber"]), 16)
