"""Fragment: what one wallet holds on one chain, as of a block; the newest one counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .balances import Block
from .ids import Address, AssetId


class FragmentBalance(NamedTuple):
    """One asset's raw balance, and what is needed to show it."""

    asset_id: AssetId
    symbol: str
    decimals: int
    raw: int


class Fragment(NamedTuple):
    """A wallet's balances on a chain (its slug) at a block, ordered by asset id; none when it is empty there.

    `protocol` is "wallet" for what the address itself holds.
    """

    wallet: Address
    chain: str
    protocol: str
    block: Block
    balances: tuple[FragmentBalance, ...]

    @property
    def key(self) -> FragmentKey:
        return FragmentKey(self.wallet, self.chain, self.protocol)


class FragmentKey(NamedTuple):
    """Of all fragments with the same key the one of the newest block counts."""

    wallet: Address
    chain: str
    protocol: str


def changed(known: Fragment | None, found: Fragment) -> bool:
    """Whether a newly read fragment says something else than the known one, and is not older.

    An empty one after none says nothing new.
    """
    if known is None:
        return bool(found.balances)
    return found.block.number > known.block.number and _held(found.balances) != _held(known.balances)


def _held(balances: Sequence[FragmentBalance]) -> dict[AssetId, int]:
    return {balance.asset_id: balance.raw for balance in balances}
