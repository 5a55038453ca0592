"""Puts contracts on a local chain: ERC-20s at any address, Multicall3, and the ones that misbehave."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shared.core.ids import address_bytes, parse_address
from shared.core.keccak import keccak256

from .anvil import Anvil, Json

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
_CONTRACTS = Path(__file__).parent / "contracts"
_BALANCES, _DECIMALS, _SYMBOL, _NAME, _MULTIPLIER = 0, 1, 2, 3, 6


@dataclass(frozen=True, slots=True)
class Erc20:
    """What a placed token says of itself; `kind` is a contract of `contracts/`.

    Erc20, RebasingToken (its balance is the minted shares × `multiplier` / 1e18) or Bytes32Token.
    """

    address: str
    symbol: str
    name: str
    decimals: int = 18
    kind: str = "Erc20"
    multiplier: int = 10**18


@cache
def runtime_codes() -> dict[str, str]:
    """Contract name → its runtime code."""
    codes: dict[str, str] = json.loads((_CONTRACTS / "runtime.json").read_text())
    return codes


def multicall3_code() -> str:
    """The runtime code of Multicall3."""
    _source, *lines = (_CONTRACTS / "multicall3.txt").read_text().split("\n")
    return "".join(lines)


def place(anvil: Anvil, contract: str, address: str) -> None:
    """Puts a contract of `contracts/` at an address."""
    anvil.set_code(address, runtime_codes()[contract])


def place_multicall3(anvil: Anvil, address: str = MULTICALL3) -> None:
    anvil.set_code(address, multicall3_code())


def place_tokens(anvil: Anvil, *tokens: Erc20) -> None:
    """Puts tokens at their addresses, with no holders."""
    calls: list[tuple[str, list[Json]]] = []
    for token in tokens:
        calls.append(("anvil_setCode", [token.address, runtime_codes()[token.kind]]))
        slots = {_DECIMALS: token.decimals.to_bytes(32), **_metadata_slots(token)}
        if token.kind == "RebasingToken":
            slots[_MULTIPLIER] = token.multiplier.to_bytes(32)
        calls += [_store(token.address, slot, word) for slot, word in slots.items()]
    anvil.batch(calls)


def mint(anvil: Anvil, holdings: dict[tuple[str, str], int]) -> None:
    """Sets balances, (token, holder) → raw amount, which are shares for a RebasingToken."""
    anvil.batch(
        [
            _store(token, mapping_slot(address_bytes(parse_address(holder)), _BALANCES), amount.to_bytes(32))
            for (token, holder), amount in holdings.items()
        ]
    )


def mapping_slot(key: bytes, slot: int) -> int:
    """Where Solidity keeps `mapping[key]` of the mapping at a slot."""
    return int.from_bytes(keccak256(key.rjust(32, b"\0") + slot.to_bytes(32)))


def _metadata_slots(token: Erc20) -> dict[int, bytes]:
    if token.kind == "Bytes32Token":
        return {_SYMBOL: token.symbol.encode().ljust(32, b"\0"), _NAME: token.name.encode().ljust(32, b"\0")}
    return {**_string_slots(_SYMBOL, token.symbol), **_string_slots(_NAME, token.name)}


def _string_slots(slot: int, text: str) -> dict[int, bytes]:
    """A string in Solidity's storage: up to 31 bytes in its slot, else behind the slot's hash."""
    raw = text.encode()
    if len(raw) < 32:
        return {slot: raw.ljust(31, b"\0") + bytes([2 * len(raw)])}
    first = int.from_bytes(keccak256(slot.to_bytes(32)))
    words = [raw[i : i + 32].ljust(32, b"\0") for i in range(0, len(raw), 32)]
    return {slot: (2 * len(raw) + 1).to_bytes(32), **{first + i: word for i, word in enumerate(words)}}


def _store(address: str, slot: int, word: bytes) -> tuple[str, list[Json]]:
    return ("anvil_setStorageAt", [address, f"0x{slot:064x}", f"0x{word.hex()}"])
