"""What protocols hold for the wallets of the world of snapshot runs: a lending market and a vault a chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from shared.core.chains import Chain
from shared.core.deployments import Deployment, Receipt
from shared.core.ids import Address
from shared.core.positions import PositionKind
from shared.core.tokens import Token, native_token

SUPPLIED, OWED, VAULT, COIN = (Address(f"0x{number:040x}") for number in (0xA1, 0xDE, 0xFA, 0xEE))
"""The market's receipt tokens, the vault, and the address that stands for the chain's coin."""
SHARE = 3
"""What one share of the vault is worth."""


class Held(NamedTuple):
    """How something is held."""

    protocol: str
    kind: PositionKind
    token: Token


def lending_on(chain: Chain, dollars: Token) -> tuple[Deployment, ...]:
    """The market, in which dollars are supplied and the coin is owed, and the vault of dollars."""
    assert dollars.address is not None
    market = (Receipt(SUPPLIED, "deposit", dollars.address), Receipt(OWED, "debt", COIN))
    vault = (Receipt(VAULT, "deposit", dollars.address),)
    return (
        Deployment("aave_v3", "market", chain.chain_id, "Main", market),
        Deployment("erc4626", "vaults", chain.chain_id, None, vault),
    )


def positions_of(chain: Chain, dollars: Token, number: int) -> dict[Held, int]:
    """What the wallet of a number has: it follows from the number, and most have nothing."""
    raw = {
        Held("market", "deposit", dollars): 2 * 10**6 * number if number % 4 == 0 else 0,
        Held("market", "debt", native_token(chain)): 1 << (number % 120) if number % 6 == 1 else 0,
        Held("vaults", "deposit", dollars): SHARE * 10**6 * number if number % 5 == 0 else 0,
    }
    return {held: amount for held, amount in raw.items() if amount}


def receipts_of(positions: Mapping[Held, int]) -> dict[Address, int]:
    """The receipt tokens of these positions."""
    found: dict[Address, int] = {}
    for held, raw in positions.items():
        if held.protocol == "vaults":
            found[VAULT] = raw // SHARE
        else:
            found[OWED if held.kind == "debt" else SUPPLIED] = raw
    return found
