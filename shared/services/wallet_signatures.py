"""Whether a wallet signed a text: by its key, or as a contract that says so (EIP-1271)."""

from __future__ import annotations

from typing import Protocol

from ..chain import abi
from ..core.chains import Chain
from ..core.ids import Address
from ..core.signatures import KeySignature, find_signer, parse_key_signature
from ..errors import InvalidInput, RpcError, RpcReverted, Unavailable

MAX_SIGNATURE = 8192
"""Bytes: contracts take more than a key's 65, of several owners or of a passkey."""
# isValidSignature(bytes32,bytes), and what it answers. Source: https://eips.ethereum.org/EIPS/eip-1271
_IS_VALID = bytes.fromhex("1626ba7e")
_ASK_SECONDS = 5.0


class Caller(Protocol):
    """Who asks a contract; a ChainClient is one."""

    async def call(self, to: Address, data: bytes, *, within: float) -> bytes:
        """What the contract returns; raises RpcError."""


def parse_signature(text: str) -> bytes:
    """The bytes of `0x…`. Raises InvalidInput."""
    digits = text.removeprefix("0x")
    if len(digits) > 2 * MAX_SIGNATURE:
        raise InvalidInput("signature", f"is longer than {MAX_SIGNATURE} bytes")
    try:
        # Not by itself: it would pass over spaces.
        return bytes.fromhex(digits if digits.isalnum() or not digits else "?")
    except ValueError:
        raise InvalidInput("signature", "is not 0x and hexadecimal digits") from None


def is_signed_by_key(digest: bytes, signed: bytes, address: Address) -> bool:
    """Whether the address's own key signed: the key is found here, and the signature verified by OpenSSL."""
    signature = parse_key_signature(signed)
    signer = None if signature is None else find_signer(digest, signature)
    if signature is None or signer is None or signer.address != address:
        return False
    return _verifies(digest, signature, signer.x, signer.y)


async def is_signed_by_contract(
    digest: bytes, signed: bytes, address: Address, chain: Chain, caller: Caller
) -> bool:
    """Whether the address is a contract that takes the signature for its own. Raises Unavailable."""
    arguments = abi.join((digest, abi.byte_string(signed)))
    try:
        answer = await caller.call(address, _IS_VALID + arguments, within=_ASK_SECONDS)
    except RpcReverted:
        return False
    except RpcError as error:
        raise Unavailable(f"{chain.slug} cannot be asked whether a contract signed") from error
    return answer[:32] == _IS_VALID.ljust(32, b"\0")


def _verifies(digest: bytes, signature: KeySignature, x: int, y: int) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    # The digest is Keccak's; the library only wants to know that it has 32 bytes.
    scheme = ec.ECDSA(Prehashed(SHA256()))
    try:
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256K1()).public_key()
        key.verify(encode_dss_signature(signature.r, signature.s), digest, scheme)
    except (InvalidSignature, ValueError):
        return False
    return True
