"""Identifiers: chain ids, addresses (EIP-55) and assets (CAIP-19)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NewType

from ..errors import InvalidInput
from .keccak import keccak256

ChainId = NewType("ChainId", int)
Address = NewType("Address", str)
"""20 bytes as `0x…` in EIP-55 mixed case; compare by equality."""
AssetId = NewType("AssetId", str)
"""CAIP-19: `eip155:1/slip44:60` or `eip155:1/erc20:0x…` with the EIP-55 address."""

ZERO_ADDRESS = Address("0x" + "00" * 20)

_HEX_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_CAIP2 = re.compile(r"eip155:([1-9][0-9]{0,19})")
_CAIP19 = re.compile(r"(eip155:[1-9][0-9]{0,19})/(slip44|erc20):([0-9a-zA-Z]{1,42})")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.$_+-]{0,31}")


@lru_cache(maxsize=16_384)
def _checksummed(digits: str) -> Address:
    digest = keccak256(digits.encode()).hex()
    return Address(
        "0x" + "".join(d.upper() if int(h, 16) > 7 else d for d, h in zip(digits, digest, strict=False))
    )


def address_from_bytes(raw: bytes) -> Address:
    """The address of 20 bytes; ValueError for any other length."""
    if len(raw) != 20:
        raise ValueError(f"an address has 20 bytes, not {len(raw)}")
    return _checksummed(raw.hex())


def parse_address(text: str) -> Address:
    """An address in one case, or in mixed case with the right EIP-55 checksum; else ValueError."""
    if not _HEX_ADDRESS.fullmatch(text):
        raise ValueError(f"{text[:60]!r} is not an address (0x and 40 hexadecimal digits)")
    digits = text[2:]
    address = _checksummed(digits.lower())
    if digits not in (digits.lower(), digits.upper()) and digits != address[2:]:
        raise ValueError(f"{text!r} has a wrong checksum (EIP-55)")
    return address


def address_bytes(address: Address) -> bytes:
    """The 20 bytes of an address."""
    return bytes.fromhex(address[2:])


def native_asset_id(chain_id: ChainId, slip44: int) -> AssetId:
    """The CAIP-19 id of a chain's native coin."""
    return AssetId(f"eip155:{chain_id}/slip44:{slip44}")


def erc20_asset_id(chain_id: ChainId, address: Address) -> AssetId:
    """The CAIP-19 id of a token contract."""
    return AssetId(f"eip155:{chain_id}/erc20:{address}")


def parse_chain_id(text: str) -> ChainId | None:
    """The chain id in `8453` or `eip155:8453`; None if the text is neither."""
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return ChainId(int(text))
    match = _CAIP2.fullmatch(text)
    return ChainId(int(match[1])) if match else None


def parse_asset_id(text: str) -> tuple[ChainId, Address | None]:
    """The chain and the token's address (None for the native coin) of a CAIP-19 id; else ValueError."""
    match = _CAIP19.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:100]!r} is not a CAIP-19 asset (eip155:<chain>/erc20:<address>)")
    chain_id = ChainId(int(match[1].removeprefix("eip155:")))
    if match[2] == "erc20":
        return chain_id, parse_address(match[3])
    if not match[3].isdigit():
        raise ValueError(f"{text[:100]!r}: slip44 takes a coin type number")
    return chain_id, None


def parse_asset(field: str, text: str) -> AssetId:
    """A CAIP-19 id in canonical form, or a plain symbol in upper case; else InvalidInput."""
    if ":" not in text and "/" not in text:
        plain = text.strip().upper()
        if not _SYMBOL.fullmatch(plain):
            raise InvalidInput(field, f"{text[:60]!r} is neither a CAIP-19 id nor a symbol")
        return AssetId(plain)
    try:
        chain_id, address = parse_asset_id(text)
    except ValueError as error:
        raise InvalidInput(field, str(error)) from error
    return AssetId(text) if address is None else erc20_asset_id(chain_id, address)
