"""Keys of Zapper's balances: short hashes by which clients tell assets apart, made of documented parts."""

from __future__ import annotations

from functools import lru_cache

from .ids import ZERO_ADDRESS, Address
from .murmur import murmur3_32

# What Zapper calls each kind, in keys.
_META_TYPES = {
    "wallet": "wallet",
    "deposit": "supplied",
    "debt": "borrowed",
    "claimable": "claimable",
    "locked": "locked",
    "vesting": "vesting",
}


def lower(address: Address | None) -> str:
    """An address as Zapper writes it; the native coin has the zero address."""
    return (address or ZERO_ADDRESS).lower()


def token_parts(network: str, token: Address | None) -> str:
    """What the key of a token is made of, wherever it is held."""
    return f"{lower(token)}:{network}:supplied"


def position_parts(
    network: str, app: str, contract: Address, token: Address | None, kind: str, market: str | None
) -> str:
    """What the key of a position in an app is made of; `kind` is the position's."""
    held = f"{lower(token)}:{network}:{_META_TYPES[kind]}"
    return f"{lower(contract)}:{network}:{app}:{held}:{market or ''}"


class Keys:
    """The keys of one answer: the same parts have the same key, and no others have it.

    32 bits are few: where another asset of the answer has the key, the next seed makes one that is free.
    """

    def __init__(self) -> None:
        self._keys: dict[str, str] = {}
        self._owners: dict[int, str] = {}

    def key(self, parts: str) -> str:
        """The key of these parts, as decimal digits."""
        known = self._keys.get(parts)
        if known is not None:
            return known
        seed = 0
        while self._owners.setdefault(found := _hash(parts, seed), parts) != parts:
            seed += 1
        self._keys[parts] = key = str(found)
        return key


@lru_cache(maxsize=16_384)
def _hash(parts: str, seed: int) -> int:
    return murmur3_32(parts.encode(), seed)
