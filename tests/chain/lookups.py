"""Gateways of this machine and what they say, and lookups as contracts encode them: by eth-abi, not by us."""

from __future__ import annotations

import json
from collections.abc import Sequence

from eth_abi.abi import encode

from shared.chain.ccip import Question
from shared.chain.gateways import GatewayLimits, Gateways
from shared.core.ids import Address, address_bytes
from tests.chain.rpc_proxy import Mode, raw

LOOKUP = bytes.fromhex("556f1830")
QUERY = bytes.fromhex("a780bab6")
CALLBACK = b"back"


def local_gateways(limits: GatewayLimits | None = None) -> Gateways:
    """Every host is this machine."""
    return Gateways(limits=limits, resolve_host=lambda host: ["127.0.0.1"], local=True)


def answering(data: bytes) -> Mode:
    """A gateway that gives this answer."""
    return raw(json.dumps({"data": "0x" + data.hex()}).encode())


def lookup_revert(sender: Address, urls: Sequence[str], data: bytes, left: bytes = b"left") -> bytes:
    types = ["address", "string[]", "bytes", "bytes4", "bytes"]
    return LOOKUP + encode(types, [address_bytes(sender), list(urls), data, CALLBACK, left])


def batch_of(*questions: Question) -> bytes:
    values = [(address_bytes(each.sender), list(each.urls), each.data) for each in questions]
    return QUERY + encode(["(address,string[],bytes)[]"], [values])
