"""CoinMarketCap, when a key is set: assets are resolved to ids once a day, and priced by id."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from ..core.chains import Chains
from ..core.ids import AssetId
from ..core.quotes import Quote
from ..core.tokens import Token
from .cache import Memory
from .coinmarketcap_ids import find_id, plain_symbol
from .http import LIMITED_SECONDS, REFUSED_SECONDS, JsonHttp, Reply, body_of
from .reading import integer, iso_time, mapping, price, sequence, text, volume
from .source import Quotes, SourceFailed, gather_quotes, split_keys

_MAP = "/v1/cryptocurrency/map"
_QUOTES_V2 = "/v2/cryptocurrency/quotes/latest"
_QUOTES_V3 = "/v3/cryptocurrency/quotes/latest"
_GONE = (404, 410)
_BAD_ARGUMENT = "400"
# https://coinmarketcap.com/api/documentation/v1/#section/Errors-and-Rate-Limits: what each code asks for.
_RESTS = {
    **dict.fromkeys(("1001", "1002", "1003", "1004", "1005", "1006", "1007"), REFUSED_SECONDS),
    **dict.fromkeys(("1008", "1011"), LIMITED_SECONDS),
    **dict.fromkeys(("1009", "1010"), REFUSED_SECONDS),
}

_PLAIN = re.compile(r"[A-Z0-9]+")
_CODE = re.compile(r"[0-9]{1,9}")
_MOST_IDS = 100
_MOST_SYMBOLS = 200
_MOST_CHARACTERS = 3_000
_HALVINGS = 4
_AT_ONCE = 3
_ID_SECONDS = 86_400.0
_NO_ID_SECONDS = 3_600.0
_CAPACITY = 20_000


class CoinMarketCap:
    """The professional API. The key travels in a header, so that no URL holds it."""

    name = "coinmarketcap"

    def __init__(
        self,
        http: JsonHttp,
        base_url: str,
        key: str,
        chains: Chains,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._url = base_url
        self._headers = {"X-CMC_PRO_API_KEY": key}
        self._chains = chains
        self._clock = clock
        self._ids: Memory[AssetId, int | None] = Memory(_CAPACITY)
        self._quotes_path = _QUOTES_V2

    def covers(self, token: Token) -> bool:
        """Whether the map can be asked for its symbol."""
        return plain_symbol(token) is not None and self._chains.get(token.chain_id) is not None

    async def fetch(self, tokens: Sequence[Token]) -> Quotes:
        """The latest quotes, a request for every hundred coins; raises SourceFailed."""
        known = [token for token in tokens if self._is_resolved(token)]
        new = [token for token in tokens if not self._is_resolved(token)]
        return await gather_quotes((partial(self._known, known), partial(self._new, new)), at_once=2)

    async def _new(self, tokens: Sequence[Token]) -> Quotes:
        await self._resolve(tokens)
        return await self._known(tokens)

    async def _known(self, tokens: Sequence[Token]) -> Quotes:
        named: dict[str, list[AssetId]] = {}
        for token in tokens:
            kept = self._ids.get(token.asset_id)
            if kept is not None and kept.value is not None:
                named.setdefault(str(kept.value), []).append(token.asset_id)
        batches = split_keys(named, most=_MOST_IDS, characters=_MOST_CHARACTERS)
        return await gather_quotes((partial(self._quotes, ids, named) for ids in batches), at_once=_AT_ONCE)

    async def _quotes(self, ids: Sequence[str], named: Mapping[str, Sequence[AssetId]]) -> Quotes:
        params = {"id": ",".join(ids), "convert": "USD", "skip_invalid": "true", "aux": "is_active"}
        reply = await self._get(self._quotes_path, params)
        if reply.status in _GONE and self._quotes_path == _QUOTES_V2:
            self._quotes_path = _QUOTES_V3
            reply = await self._get(_QUOTES_V3, params)
        quotes: dict[AssetId, Quote] = {}
        for coin in _coins(_data(reply)):
            for asset_id in named.get(str(integer(coin.get("id"))), ()):
                if (quote := _quote(asset_id, coin)) is not None:
                    quotes[asset_id] = quote
        return quotes

    def _is_resolved(self, token: Token) -> bool:
        kept = self._ids.get(token.asset_id)
        if kept is None:
            return False
        return self._clock() - kept.at < (_NO_ID_SECONDS if kept.value is None else _ID_SECONDS)

    async def _resolve(self, tokens: Sequence[Token]) -> None:
        symbols = dict.fromkeys(symbol for token in tokens if (symbol := plain_symbol(token)))
        coins: list[Mapping[str, object]] = []
        for batch in split_keys(symbols, most=_MOST_SYMBOLS, characters=_MOST_CHARACTERS):
            coins += await self._map(batch, _HALVINGS)
        now = self._clock()
        for token in tokens:
            chain = self._chains.get(token.chain_id)
            self._ids.keep(token.asset_id, find_id(token, chain, coins) if chain else None, now)

    async def _map(self, symbols: Sequence[str], halvings: int) -> list[Mapping[str, object]]:
        """The coins of those symbols; a symbol that the API does not like must not cost the others."""
        reply = await self._get(_MAP, {"symbol": ",".join(symbols), "aux": "platform,is_active"})
        if _error_code(reply) != _BAD_ARGUMENT:
            return list(_coins(_data(reply)))
        named = set(_PLAIN.findall(_error_message(reply).rpartition(":")[2].upper()))
        liked = [symbol for symbol in symbols if symbol not in named]
        if not halvings or not liked or len(symbols) == 1:
            return []
        if len(liked) < len(symbols):
            return await self._map(liked, halvings - 1)
        middle = len(symbols) // 2
        return [
            *await self._map(symbols[:middle], halvings - 1),
            *await self._map(symbols[middle:], halvings - 1),
        ]

    async def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        return await self._http.get(self._url + path, params=params, headers=self._headers)


def _data(reply: Reply) -> object:
    """What an answer carries; raises SourceFailed for any error, also one that comes with HTTP 200."""
    code = _error_code(reply)
    if code is not None:
        rest = _RESTS.get(code)
        if rest == LIMITED_SECONDS and reply.retry_after is not None:
            rest = reply.retry_after
        raise SourceFailed(f"it answered with error {code}", rest=rest)
    body = body_of(reply)
    data = body if isinstance(body, list) else mapping(body).get("data")
    if not isinstance(data, dict | list):
        raise SourceFailed("the answer has no data in it")
    return data


def _error_code(reply: Reply) -> str | None:
    """The status code if it is one of an error: a number in some versions, a string in others."""
    code = mapping(mapping(reply.body).get("status")).get("error_code")
    known = code if isinstance(code, str) else str(integer(code))
    return known if _CODE.fullmatch(known) and int(known) != 0 else None


def _error_message(reply: Reply) -> str:
    return text(mapping(mapping(reply.body).get("status")).get("error_message"))


def _coins(data: object) -> Iterable[Mapping[str, object]]:
    """The coins of a list, of a map by id, or of a map of lists: versions and parameters differ."""
    for value in mapping(data).values() if isinstance(data, dict) else sequence(data):
        yield from map(mapping, sequence(value)) if isinstance(value, list) else (mapping(value),)


def _quote(asset_id: AssetId, coin: Mapping[str, object]) -> Quote | None:
    usd = _usd(coin.get("quote"))
    value = price(usd.get("price"))
    as_of = iso_time(usd.get("last_updated")) or iso_time(coin.get("last_updated"))
    if value is None or as_of is None or coin.get("is_active", 1) != 1:
        return None
    return Quote(asset_id, "coinmarketcap", value, as_of, volume_usd_24h=volume(usd.get("volume_24h")))


def _usd(quote: object) -> Mapping[str, object]:
    """The dollar quote: under its name up to v2, in a list from v3 on."""
    if isinstance(quote, dict):
        return mapping(quote.get("USD"))
    in_dollars = (mapping(each) for each in sequence(quote))
    return next((each for each in in_dollars if each.get("symbol") == "USD"), {})
