"""ENS: from a name to the address it stands for, through the Universal Resolver."""

from __future__ import annotations

from ..core.ids import ZERO_ADDRESS, Address
from ..core.keccak import keccak256
from ..errors import RpcBadResponse, RpcReverted
from . import abi
from .client import ChainClient

# The proxy that the ENS DAO keeps at one address on all networks: https://docs.ens.domains/resolvers/universal
UNIVERSAL_RESOLVER = Address("0xeEeEEEeE14D718C2B47D9923Deab1335E144EeEe")
_RESOLVE = bytes.fromhex("9061b923")  # resolve(bytes,bytes)
_ADDR = bytes.fromhex("3b3b57de")  # addr(bytes32)
_OFFCHAIN_LOOKUP = bytes.fromhex("556f1830")  # OffchainLookup(address,string[],bytes,bytes4,bytes), EIP-3668
_NO_SUCH_NAME = (
    bytes.fromhex("77209fe8"),  # ResolverNotFound(bytes)
    bytes.fromhex("1e9535f2"),  # ResolverNotContract(bytes,address)
    bytes.fromhex("7b1c461b"),  # UnsupportedResolverProfile(bytes4)
    bytes.fromhex("95c0c752"),  # ResolverError(bytes)
)
_LONGEST_NAME = 255


async def resolve_name(client: ChainClient, name: str, *, within: float) -> Address | None:
    """The address of a name, None where there is no such name or it has no address.

    Raises ValueError for what is not an ENS name or is kept off the chain, RpcError when nobody can tell.
    """
    normal = normalise_name(name)
    question = abi.join([abi.byte_string(dns_name(normal)), abi.byte_string(_ADDR + namehash(normal))])
    try:
        answer = await client.call(UNIVERSAL_RESOLVER, _RESOLVE + question, within=within)
    except RpcReverted as error:
        if error.data[:4] in _NO_SUCH_NAME:
            return None
        if error.data[:4] == _OFFCHAIN_LOOKUP:
            raise ValueError(f"{name!r} is kept off the chain (CCIP-Read), which is not supported") from None
        raise
    return _address(abi.Words(answer).byte_string(0))


def normalise_name(name: str) -> str:
    """The name as ENSIP-15 writes it. Raises ValueError."""
    # It has no type hints.
    from ens_normalize import DisallowedSequence, ens_normalize  # type: ignore[import-untyped]

    if len(name) > _LONGEST_NAME:
        raise ValueError("an ENS name has at most 255 characters")
    try:
        normal = str(ens_normalize(name))
    except DisallowedSequence as error:
        raise ValueError(f"{name[:60]!r} is not an ENS name: {error}") from None
    if not normal or not all(normal.split(".")):
        raise ValueError(f"{name[:60]!r} is not an ENS name: a label is empty")
    return normal


def namehash(name: str) -> bytes:
    """The node of a normalised name (EIP-137); 32 zero bytes for the root."""
    node = bytes(32)
    for label in reversed(name.split(".") if name else []):
        node = keccak256(node + keccak256(label.encode()))
    return node


def dns_name(name: str) -> bytes:
    """The name as DNS has it on the wire: each label behind its length. Raises ValueError."""
    labels = [label.encode() for label in name.split(".")] if name else []
    if any(len(label) > 255 for label in labels):
        raise ValueError("a label of an ENS name has at most 255 bytes")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _address(result: bytes) -> Address | None:
    if not result:
        return None
    if len(result) != 32:
        raise RpcBadResponse("the resolver's answer is not an address")
    address = abi.Words(result).address(0)
    return None if address == ZERO_ADDRESS else address
