"""ENS: from a name to the address it stands for, through the Universal Resolver."""

from __future__ import annotations

from ..core.ids import ZERO_ADDRESS, Address
from ..core.keccak import keccak256
from ..errors import GatewayRefused, RpcBadResponse, RpcReverted
from . import abi
from .ccip import LOCAL_BATCH
from .client import ChainClient
from .offchain import GatewayAsker, call_offchain

# The proxy that the ENS DAO keeps at one address on all networks: https://docs.ens.domains/resolvers/universal
UNIVERSAL_RESOLVER = Address("0xeEeEEEeE14D718C2B47D9923Deab1335E144EeEe")
_RESOLVE = bytes.fromhex("a1472844")  # resolveWithGateways(bytes,bytes,string[])
_ADDR = bytes.fromhex("3b3b57de")  # addr(bytes32)
_NO_SUCH_NAME = (
    bytes.fromhex("77209fe8"),  # ResolverNotFound(bytes)
    bytes.fromhex("1e9535f2"),  # ResolverNotContract(bytes,address)
    bytes.fromhex("7b1c461b"),  # UnsupportedResolverProfile(bytes4)
    bytes.fromhex("95c0c752"),  # ResolverError(bytes)
)
_GONE = (404, 410)
_LONGEST_NAME = 255


async def resolve_name(
    client: ChainClient, gateways: GatewayAsker, name: str, *, within: float
) -> Address | None:
    """The address of a name, None where there is no such name or it has no address.

    A name that is kept off the chain is looked up at the gateways that its resolver names (EIP-3668).
    Raises ValueError for what is not an ENS name, RpcError when nobody can tell.
    """
    question = _resolve_call(normalise_name(name))
    try:
        answer = await call_offchain(client, gateways, UNIVERSAL_RESOLVER, question, within=within)
    except RpcReverted as error:
        if error.data[:4] in _NO_SUCH_NAME:
            return None
        raise
    except GatewayRefused as error:
        if error.status in _GONE:
            return None
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


def _resolve_call(name: str) -> bytes:
    """To be answered by this client where the resolver would have a hosted gateway collect the answers."""
    asked = abi.byte_string(_ADDR + namehash(name))
    gateways = abi.array([abi.byte_string(LOCAL_BATCH.encode())])
    return _RESOLVE + abi.join([abi.byte_string(dns_name(name)), asked, gateways])


def _address(result: bytes) -> Address | None:
    if not result:
        return None
    if len(result) != 32:
        raise RpcBadResponse("the resolver's answer is not an address")
    address = abi.Words(result).address(0)
    return None if address == ZERO_ADDRESS else address
