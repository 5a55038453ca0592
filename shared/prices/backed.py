"""Backed Finance, who issues the xStocks: their prices, and whether their market is open.

Balances on EVM chains are already rebased by the contracts, so a price is for one unit of `balanceOf`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ..core.chains import Chains
from ..core.ids import AssetId, ChainId
from ..core.quotes import Quote
from ..core.tokens import Token
from .backed_catalogue import Catalogue
from .http import JsonHttp, body_of
from .reading import mapping, price, text
from .source import Quotes, SourceFailed, gather_quotes

_AT_ONCE = 8
_XSTOCK = re.compile(r"[A-Z0-9.]{1,15}x")
# What the issuer calls the states of the underlying's market, in our words.
_MARKETS = {"market": "open", "extended": "extended", "overnight": "overnight", "closed": "closed"}


class Backed:
    """The public API: prices one symbol at a time, and the catalogue of all xStocks."""

    name = "backed"

    def __init__(
        self,
        http: JsonHttp,
        base_url: str,
        chains: Chains,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._url = f"{base_url}/assets/"
        self._chains = chains
        self._catalogue = Catalogue(http, base_url, chains, clock=clock)

    async def tokens(self) -> Mapping[ChainId, tuple[Token, ...]]:
        """All xStocks by chain; kept for a day and renewed in the background. Raises SourceFailed."""
        return (await self._catalogue.listing()).tokens

    def covers(self, token: Token) -> bool:
        """Whether it is an xStock; before the catalogue is known, whether it could be one."""
        if token.address is None:
            return False
        if (listing := self._catalogue.known) is not None:
            return (token.chain_id, token.address) in listing.symbols
        chain = self._chains.get(token.chain_id)
        return bool(chain and chain.price_names.backed and _XSTOCK.fullmatch(token.symbol))

    async def fetch(self, tokens: Sequence[Token]) -> Quotes:
        """The issuer's quotes, two requests for each symbol; raises SourceFailed."""
        symbols = (await self._catalogue.listing()).symbols
        named: dict[str, list[AssetId]] = {}
        for token in tokens:
            if token.address is not None and (symbol := symbols.get((token.chain_id, token.address))):
                named.setdefault(symbol, []).append(token.asset_id)
        return await gather_quotes(
            (partial(self._fetch, symbol, asset_ids) for symbol, asset_ids in named.items()), at_once=_AT_ONCE
        )

    async def close(self) -> None:
        """Cancel what is under way in the background."""
        await self._catalogue.close()

    async def _fetch(self, symbol: str, asset_ids: Sequence[AssetId]) -> Quotes:
        """The quote has no time of its own, so it is stamped with the answer's."""
        reply, market = await asyncio.gather(
            self._http.get(f"{self._url}{symbol}/price-data"), self._market(symbol)
        )
        value = price(mapping(body_of(reply)).get("quote"))
        if value is None:
            return {}
        return {
            asset_id: Quote(asset_id, self.name, value, reply.at, market=market) for asset_id in asset_ids
        }

    async def _market(self, symbol: str) -> str:
        """The market's state; a price is still a price where this cannot be had."""
        try:
            return market_of(mapping(body_of(await self._http.get(f"{self._url}{symbol}"))))
        except SourceFailed:
            return "unknown"


def market_of(asset: Mapping[str, object]) -> str:
    """open, extended, overnight, closed, halted, or unknown where the issuer does not say."""
    trading = mapping(asset.get("trading"))
    if asset.get("isTradingHalted") is True or trading.get("isTradingHalted") is True:
        return "halted"
    period = _MARKETS.get(text(trading.get("currentPeriod")))
    if period is not None:
        return period
    open_now = trading.get("openNow")
    if not isinstance(open_now, bool):
        return "unknown"
    return "open" if open_now else "closed"
