"""Opens the price sources that the settings name, over one pool of connections."""

from __future__ import annotations

from dataclasses import dataclass

from ..config import PriceApis
from ..core.chains import Chains
from ..tls import Tls
from .backed import Backed
from .book import PriceBook
from .coingecko import CoinGecko
from .coinmarketcap import CoinMarketCap
from .http import JsonHttp
from .llama import Llama
from .source import PriceSource


@dataclass(frozen=True, slots=True)
class Prices:
    """The book and, apart, the issuer of the xStocks, who also knows which there are."""

    book: PriceBook
    backed: Backed
    http: JsonHttp

    async def close(self) -> None:
        """Stop what runs in the background and close the connections."""
        await self.book.close()
        await self.backed.close()
        await self.http.close()


def open_prices(
    apis: PriceApis, chains: Chains, *, ttl: float, tls: Tls | None = None, public_only: bool = False
) -> Prices:
    """The sources that work without a key, and CoinMarketCap where it has one; connects when first asked."""
    http = JsonHttp(tls=tls, public_only=public_only)
    backed = Backed(http, apis.backed_url, chains)
    sources: list[PriceSource] = [
        backed,
        CoinGecko(http, apis.coingecko_url, apis.coingecko_key, chains),
        Llama(http, apis.llama_url, chains),
    ]
    if apis.coinmarketcap_key is not None:
        sources.append(CoinMarketCap(http, apis.coinmarketcap_url, apis.coinmarketcap_key, chains))
    return Prices(PriceBook(sources, chains=chains, ttl=ttl), backed, http)
