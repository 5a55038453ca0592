"""Real transactions on a local chain: its accounts are unlocked, and each transaction is a block."""

from __future__ import annotations

from eth_abi.abi import encode

from shared.core.ids import Address, parse_address
from shared.core.keccak import keccak256

from .anvil import Anvil


def account(anvil: Anvil, number: int = 0) -> Address:
    """One of the chain's rich accounts."""
    accounts = anvil.rpc("eth_accounts")
    assert isinstance(accounts, list)
    return parse_address(str(accounts[number]))


def send(anvil: Anvil, sender: Address, to: Address, data: bytes = b"", value: int = 0) -> str:
    """Sends a transaction, also one that fails; its hash."""
    return str(
        anvil.rpc(
            "eth_sendTransaction",
            {"from": sender, "to": to, "data": "0x" + data.hex(), "value": hex(value), "gas": hex(500_000)},
        )
    )


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
