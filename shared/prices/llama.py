"""DefiLlama: natives by their CoinGecko id, contracts by chain and address; needs no key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from ..core.chains import Chain, Chains
from ..core.ids import ZERO_ADDRESS, AssetId
from ..core.quotes import Quote
from ..core.tokens import Token
from .http import JsonHttp, body_of
from .reading import fraction_of_one, mapping, price, unix_time
from .source import Quotes, SourceFailed, gather_quotes, split_keys

_MOST_KEYS = 80
_MOST_CHARACTERS = 3_600
_AT_ONCE = 4


class Llama:
    """The coins API. Its keys are in the path, so the length of a request is bounded, not only its count."""

    name = "llama"

    def __init__(self, http: JsonHttp, base_url: str, chains: Chains) -> None:
        self._http = http
        self._url = f"{base_url}/prices/current/"
        self._chains = chains

    def covers(self, token: Token) -> bool:
        """Whether the API has a name for the chain, or for its coin."""
        return self._key(token) is not None

    async def fetch(self, tokens: Sequence[Token]) -> Quotes:
        """The current prices, in one request for every 80 contracts or so; raises SourceFailed."""
        named: dict[str, list[AssetId]] = {}
        for token in tokens:
            if (key := self._key(token)) is not None:
                named.setdefault(key, []).append(token.asset_id)
        batches = split_keys(named, most=_MOST_KEYS, characters=_MOST_CHARACTERS)
        return await gather_quotes(
            (partial(self._fetch, batch, named) for batch in batches), at_once=_AT_ONCE
        )

    async def _fetch(self, batch: Sequence[str], named: Mapping[str, Sequence[AssetId]]) -> Quotes:
        found = mapping(body_of(await self._http.get(self._url + ",".join(batch)))).get("coins")
        if not isinstance(found, dict):
            raise SourceFailed("the answer has no coins in it")
        # Keys come back as they were sent; folding the case costs nothing and survives a change of that.
        coins = {key.lower(): mapping(coin) for key, coin in found.items()}
        return {
            asset_id: quote
            for key in batch
            for asset_id in named[key]
            if (quote := _quote(asset_id, coins.get(key.lower(), {}))) is not None
        }

    def _key(self, token: Token) -> str | None:
        chain = self._chains.get(token.chain_id)
        if chain is None:
            return None
        return _native_key(chain) if token.address is None else _contract_key(chain, token.address)


def _native_key(chain: Chain) -> str | None:
    if chain.price_names.coingecko_native:
        return f"coingecko:{chain.price_names.coingecko_native}"
    return _contract_key(chain, ZERO_ADDRESS)


def _contract_key(chain: Chain, address: str) -> str | None:
    return f"{chain.price_names.llama}:{address.lower()}" if chain.price_names.llama else None


def _quote(asset_id: AssetId, coin: Mapping[str, object]) -> Quote | None:
    value, as_of = price(coin.get("price")), unix_time(coin.get("timestamp"))
    if value is None or as_of is None:
        return None
    return Quote(asset_id, "llama", value, as_of, fraction_of_one(coin.get("confidence")))
