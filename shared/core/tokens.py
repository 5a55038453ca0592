"""Token: what is known of an ERC-20 contract or a native coin."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from .chains import Chain
from .ids import Address, AssetId, ChainId, erc20_asset_id

SYMBOL_LENGTH = 32
NAME_LENGTH = 96
# Letters and symbols by category, but drawn as nothing: they make a copy of a name look like the original.
_INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")


class Token(NamedTuple):
    """A fungible asset of one chain; `address` is None for the native coin.

    `listed` says that a token list or the issuer vouches for it; the metadata of others is their own claim.
    """

    chain_id: ChainId
    asset_id: AssetId
    address: Address | None
    symbol: str
    name: str
    decimals: int
    listed: bool


def erc20(
    chain_id: ChainId, address: Address, symbol: str, name: str, decimals: int, *, listed: bool
) -> Token:
    """The Token of a contract."""
    return Token(chain_id, erc20_asset_id(chain_id, address), address, symbol, name, decimals, listed)


def native_token(chain: Chain) -> Token:
    """The chain's own coin as a Token."""
    coin = chain.native
    return Token(chain.chain_id, chain.native_asset_id, None, coin.symbol, coin.name, coin.decimals, True)


def sanitise_text(text: str, length: int) -> str:
    """A token's own text made safe to show: no control, format, private or bidirectional characters,
    white space folded, at most `length` characters.

    A contract can call itself anything, also something that rewrites the line it is printed on.
    """
    shown = (c for c in text if c.isspace() or (unicodedata.category(c)[0] != "C" and c not in _INVISIBLE))
    kept = (" " if c.isspace() else c for c in shown)
    return " ".join("".join(kept).split())[:length].strip()
