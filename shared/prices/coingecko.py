"""CoinGecko: natives by id, in one request; contracts too when a key is set (without, one a request)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

from ..core.chains import Chains
from ..core.ids import AssetId
from ..core.quotes import Quote
from ..core.tokens import Token
from .http import REFUSED_SECONDS, JsonHttp, Reply, body_of
from .reading import integer, mapping, price, text, unix_time, volume
from .source import Quotes, SourceFailed, gather_quotes

_MOST_CONTRACTS = 50
_MOST_IDS = 200
_AT_ONCE = 4
_TOO_MANY_CONTRACTS = "10012"
# No key, or one that belongs to the other host.
_KEY_REFUSED = frozenset({"10002", "10010", "10011"})
_PARAMS = {
    "vs_currencies": "usd",
    "include_last_updated_at": "true",
    "include_24hr_vol": "true",
    "precision": "full",
}


class CoinGecko:
    """The simple price endpoints, keyless, with a demo key or (told by the host) with a pro key."""

    name = "coingecko"

    def __init__(self, http: JsonHttp, base_url: str, key: str | None, chains: Chains) -> None:
        self._http = http
        self._url = base_url
        self._has_key = key is not None
        self._headers = {key_header(base_url): key} if key is not None else {}
        self._chains = chains

    def covers(self, token: Token) -> bool:
        """Whether the API has a name for the coin, or for the chain when contracts may be asked for."""
        return self._native_id(token) is not None or self._platform(token) is not None

    async def fetch(self, tokens: Sequence[Token]) -> Quotes:
        """The current prices; raises SourceFailed."""
        natives: dict[str, list[AssetId]] = {}
        contracts: dict[str, dict[str, list[AssetId]]] = {}
        for token in tokens:
            if (coin := self._native_id(token)) is not None:
                natives.setdefault(coin, []).append(token.asset_id)
            elif (platform := self._platform(token)) is not None and token.address is not None:
                contracts.setdefault(platform, {}).setdefault(token.address.lower(), []).append(
                    token.asset_id
                )
        requests = [partial(self._natives, part) for part in _parts(natives, _MOST_IDS)]
        for platform, named in contracts.items():
            requests += [partial(self._contracts, platform, part) for part in _parts(named, _MOST_CONTRACTS)]
        return await gather_quotes(requests, at_once=_AT_ONCE)

    async def _natives(self, named: Mapping[str, Sequence[AssetId]]) -> Quotes:
        reply = await self._get("/simple/price", {"ids": ",".join(named)})
        return _quotes(body_of(reply), named)

    async def _contracts(self, platform: str, named: Mapping[str, Sequence[AssetId]]) -> Quotes:
        """How many contracts a plan allows is not documented: too many are asked for again in halves."""
        reply = await self._get(f"/simple/token_price/{platform}", {"contract_addresses": ",".join(named)})
        if len(named) > 1 and _error_code(reply) == _TOO_MANY_CONTRACTS:
            halves = _parts(named, (len(named) + 1) // 2)
            return await gather_quotes(
                (partial(self._contracts, platform, half) for half in halves), at_once=1
            )
        return _quotes(body_of(reply), named)

    async def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        reply = await self._http.get(self._url + path, params={**params, **_PARAMS}, headers=self._headers)
        if _error_code(reply) in _KEY_REFUSED:
            raise SourceFailed("it refused the key", rest=REFUSED_SECONDS)
        if reply.status == 200 and not isinstance(reply.body, dict):
            raise SourceFailed("the answer is not an object")
        return reply

    def _native_id(self, token: Token) -> str | None:
        chain = self._chains.get(token.chain_id)
        return chain.price_names.coingecko_native if chain and token.address is None else None

    def _platform(self, token: Token) -> str | None:
        chain = self._chains.get(token.chain_id)
        if chain is None or token.address is None or not self._has_key:
            return None
        return chain.price_names.coingecko_platform


def key_header(base_url: str) -> str:
    """The header that the host takes its key in: each refuses the other's."""
    is_pro = (urlsplit(base_url).hostname or "").startswith("pro-api.")
    return "x-cg-pro-api-key" if is_pro else "x-cg-demo-api-key"


def _parts(named: Mapping[str, Sequence[AssetId]], size: int) -> list[Mapping[str, Sequence[AssetId]]]:
    keys = list(named)
    return [{key: named[key] for key in keys[at : at + size]} for at in range(0, len(keys), size)]


def _quotes(body: object, named: Mapping[str, Sequence[AssetId]]) -> Quotes:
    coins = {key.lower(): mapping(coin) for key, coin in mapping(body).items()}
    quotes: dict[AssetId, Quote] = {}
    for key, asset_ids in named.items():
        coin = coins.get(key.lower(), {})
        for asset_id in asset_ids:
            if (quote := _quote(asset_id, coin)) is not None:
                quotes[asset_id] = quote
    return quotes


def _quote(asset_id: AssetId, coin: Mapping[str, object]) -> Quote | None:
    value, as_of = price(coin.get("usd")), unix_time(coin.get("last_updated_at"))
    if value is None or as_of is None:
        return None
    return Quote(asset_id, "coingecko", value, as_of, volume_usd_24h=volume(coin.get("usd_24h_vol")))


def _error_code(reply: Reply) -> str:
    """The code in any of the shapes that its errors come in."""
    body = mapping(reply.body)
    code = body.get("error_code") or mapping(body.get("status")).get("error_code")
    return text(code) or str(integer(code))
