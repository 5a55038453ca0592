"""Which CoinMarketCap id is which asset: by contract and platform, never by the first of a symbol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ..core.chains import Chain
from ..core.tokens import Token
from .reading import integer, mapping, text

_PLAIN = re.compile(r"[A-Z0-9]{1,20}")
_NOT_A_LETTER = re.compile(r"[^a-z0-9]")
_PARENTHESIS = re.compile(r"\([^)]*\)")
# Longer than any name; looking for parentheses takes the square of the length.
_LONGEST_NAME = 200


def plain_symbol(token: Token) -> str | None:
    """The symbol as the map may be asked for it; None when it holds anything but letters and digits."""
    symbol = token.symbol.upper()
    return symbol if _PLAIN.fullmatch(symbol) else None


def find_id(token: Token, chain: Chain, coins: Iterable[Mapping[str, object]]) -> int | None:
    """The id of the one active coin that is this asset; None when there is none or more than one."""
    matches = _native_ids(chain, coins) if token.address is None else _contract_ids(token, chain, coins)
    found = set(matches)
    return found.pop() if len(found) == 1 else None


def _contract_ids(token: Token, chain: Chain, coins: Iterable[Mapping[str, object]]) -> Iterator[int]:
    names = _names(chain)
    wanted = (token.address or "").lower()
    for coin in coins:
        platform = mapping(coin.get("platform"))
        same = text(platform.get("token_address")).strip().lower() == wanted
        there = not names.isdisjoint((_fold(platform.get("name")), _fold(platform.get("slug"))))
        if same and there and (coin_id := _active_id(coin)) is not None:
            yield coin_id


def _native_ids(chain: Chain, coins: Iterable[Mapping[str, object]]) -> Iterator[int]:
    """Coins of no platform that have the coin's symbol and its name: many share a symbol."""
    names = {_fold(chain.native.name), _fold(chain.price_names.coingecko_native)} - {""}
    for coin in coins:
        own = coin.get("platform") is None and text(coin.get("symbol")).upper() == chain.native.symbol.upper()
        called = not names.isdisjoint((_fold(coin.get("name")), _fold(coin.get("slug"))))
        if own and called and (coin_id := _active_id(coin)) is not None:
            yield coin_id


def _active_id(coin: Mapping[str, object]) -> int | None:
    return integer(coin.get("id")) if coin.get("is_active", 1) == 1 else None


def _names(chain: Chain) -> frozenset[str]:
    """All that a chain is called, but not its coin's name: ether's is another chain's too."""
    known = chain.price_names
    named = (chain.slug, chain.name, *chain.aliases, known.llama, known.coingecko_platform, known.backed)
    return frozenset(_fold(name) for name in named) - {""}


def _fold(name: object) -> str:
    """Letters and digits only, without parentheses: "BNB Smart Chain (BEP20)" is bnbsmartchain."""
    return _NOT_A_LETTER.sub("", _PARENTHESIS.sub("", text(name)[:_LONGEST_NAME]).lower())
