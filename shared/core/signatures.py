"""Signatures of wallets over a text (EIP-191), and who may have made them."""

from __future__ import annotations

from typing import NamedTuple

from .ids import Address, address_from_bytes
from .keccak import keccak256
from .secp256k1 import ORDER, recover

_COMPACT = 64
_LOW_S = ORDER // 2


class KeySignature(NamedTuple):
    """(r, s), and whether the nonce point's y is odd."""

    r: int
    s: int
    odd: bool


class Signer(NamedTuple):
    """The key that a signature verifies with, and its address."""

    address: Address
    x: int
    y: int


def text_digest(text: str) -> bytes:
    """What a wallet signs of a text. Source: https://eips.ethereum.org/EIPS/eip-191 (version 0x45)."""
    content = text.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n%d" % len(content) + content)


def parse_key_signature(signature: bytes) -> KeySignature | None:
    """The signature of a key: 65 bytes (r, s, v), or 64 (EIP-2098); None for what is none.

    Of the two values of s that are as good only the lower one is a signature (EIP-2).
    """
    if len(signature) not in (_COMPACT, _COMPACT + 1):
        return None
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if len(signature) == _COMPACT:
        odd, s = bool(s >> 255), s & ((1 << 255) - 1)
    elif signature[64] in (0, 1, 27, 28):
        odd = signature[64] in (1, 28)
    else:
        return None
    return KeySignature(r, s, odd) if 0 < r < ORDER and 0 < s <= _LOW_S else None


def find_signer(digest: bytes, signature: KeySignature) -> Signer | None:
    """Who made the signature; to be verified with that key before it is relied on."""
    key = recover(digest, signature.r, signature.s, odd=signature.odd)
    if key is None:
        return None
    x, y = key
    content = x.to_bytes(32, "big") + y.to_bytes(32, "big")
    return Signer(address_from_bytes(keccak256(content)[12:]), x, y)
