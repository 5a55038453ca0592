"""Deployments and tokens for tests of protocols."""

from __future__ import annotations

from collections.abc import Sequence

from shared.chain.calls import Reply
from shared.chain.plans import Plan
from shared.core.deployments import Deployment, Receipt
from shared.core.ids import Address, ChainId, address_from_bytes
from shared.core.positions import Found
from shared.core.tokens import Token, erc20

BASE = ChainId(8453)
ALICE, BOB = (address_from_bytes(bytes([n]) * 20) for n in (0xA1, 0xB0))


def address(number: int) -> Address:
    return address_from_bytes((0xDEF1 << 64 | number).to_bytes(20))


def token(number: int, decimals: int = 6) -> Token:
    return erc20(BASE, address(number), f"T{number}", f"Token {number}", decimals, listed=True)


USDC, WETH = token(1), token(2, 18)
DEPOSIT, DEBT, VAULT, OTHER_VAULT = (address(number) for number in (11, 12, 13, 14))
KNOWN = {each.address: each for each in (USDC, WETH) if each.address is not None}

LENDING = Deployment(
    "aave_v3",
    "aave-v3",
    BASE,
    "Main",
    (Receipt(DEPOSIT, "deposit", address(1)), Receipt(DEBT, "debt", address(2))),
)
VAULTS = Deployment(
    "erc4626",
    "vaults",
    BASE,
    None,
    (Receipt(VAULT, "deposit", address(1)), Receipt(OTHER_VAULT, "deposit", address(2))),
)


def finished(plan: Plan[Found], replies: Sequence[Reply] | None = None) -> Found:
    """What a plan returns once it is told the replies, or at once without any."""
    try:
        asked = next(plan) if replies is None else plan.send(replies)
    except StopIteration as end:
        found: Found = end.value
        return found
    raise AssertionError(f"it asks {asked}")
