"""Puts lending markets and vaults on a local chain: pools, aTokens and debt tokens, ERC-4626 shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.core.ids import address_bytes, parse_address

from .anvil import Anvil
from .tokens import Erc20, mapping_slot, mint, place, place_tokens

RAY = 10**27
_POOL, _UNDERLYING = 6, 7
_ASSET, _RATE = 6, 7
_INDEX_SLOTS = {"AToken": 0, "DebtToken": 1}


@dataclass(frozen=True, slots=True)
class Lent:
    """What a wallet supplied or borrowed: scaled units, and what one has grown to, in rays (1e27)."""

    kind: Literal["AToken", "DebtToken"]
    token: str
    underlying: str
    decimals: int
    scaled: int
    index: int = RAY

    @property
    def raw(self) -> int:
        """What the token's `balanceOf` says: rounded half up."""
        return (self.scaled * self.index + RAY // 2) // RAY


def lend(anvil: Anvil, pool: str, wallet: str, *lent: Lent) -> None:
    """Places the pool and the tokens, and what the wallet has of them."""
    place(anvil, "LendingPool", pool)
    for each in lent:
        place_tokens(anvil, Erc20(each.token, f"{each.kind}", "of a market", each.decimals, kind=each.kind))
        anvil.set_storage(each.token, _POOL, int(pool, 16))
        anvil.set_storage(each.token, _UNDERLYING, int(each.underlying, 16))
        key = address_bytes(parse_address(each.underlying))
        anvil.set_storage(pool, mapping_slot(key, _INDEX_SLOTS[each.kind]), each.index)
    mint(anvil, {(each.token, wallet): each.scaled for each in lent})


def deposit(anvil: Anvil, vault: str, asset: str, rate: int, shares: dict[str, int]) -> None:
    """Places a vault whose 1e18 shares are worth `rate` of the asset, and who has how many shares."""
    place_tokens(anvil, Erc20(vault, "VAULT", "A vault", kind="Vault"))
    anvil.set_storage(vault, _ASSET, int(asset, 16))
    anvil.set_storage(vault, _RATE, rate)
    mint(anvil, {(vault, holder): number for holder, number in shares.items()})
