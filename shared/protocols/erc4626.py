"""Vaults by the ERC-4626 standard: a share is worth what the vault says that it could be converted to.

https://eips.ethereum.org/EIPS/eip-4626
"""

from __future__ import annotations

from collections.abc import Mapping

from ..chain import abi
from ..chain.calls import Call, Outcome, Reply
from ..chain.plans import Plan
from ..core.balances import TokenFault
from ..core.deployments import Deployment
from ..core.ids import Address
from ..core.positions import Found
from .describing import Tokens, found_of

_CONVERT_TO_ASSETS = bytes.fromhex("07a2d13a")  # convertToAssets(uint256)


def positions(
    deployment: Deployment, held: Mapping[tuple[Address, Address], int], known: Tokens
) -> Plan[Found]:
    """One deposit for each vault that a wallet has shares in, in the vault's asset."""
    replies = yield [
        Call(vault, _CONVERT_TO_ASSETS + abi.uint(shares)) for (_, vault), shares in held.items()
    ]
    worth = {key: _number(reply) for key, reply in zip(held, replies, strict=True)}
    # A vault that failed for one wallet has no position at all: a part would look like the whole.
    silent = {vault for (_, vault), raw in worth.items() if raw is None}
    told = {key: raw for key, raw in worth.items() if raw and key[1] not in silent}
    found = yield from found_of(deployment, told, known)
    reason = "convertToAssets() did not answer with a number"
    return Found(found.positions, (*found.faults, *(TokenFault(vault, reason) for vault in sorted(silent))))


def _number(reply: Reply) -> int | None:
    if reply.outcome is not Outcome.ANSWERED or len(reply.data) != 32:
        return None
    return int.from_bytes(reply.data)
