"""The issuer's own list of xStocks: which contract on which chain is which stock."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from ..core.chains import Chain, Chains
from ..core.ids import Address, ChainId, parse_address
from ..core.tokens import NAME_LENGTH, Token, erc20, sanitise_text
from .http import JsonHttp, body_of
from .reading import mapping, sequence, text
from .source import SourceFailed, reading_answers_of

_PAGE_SIZE = 100
_PAGES_AT_ONCE = 8
_MOST_PAGES = 40
_FRESH_SECONDS = 86_400.0
_RETRY_SECONDS = 60.0
# The API does not state decimals; the issuer's own list generator uses 18 for every EVM deployment:
# https://github.com/backed-fi/cowswap-xstocks-tokenlist (update-tokenlist.js).
_DECIMALS = 18
# A symbol becomes part of a path, so nothing else is taken for one; all xStocks end in an x.
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,22}x")
# Many times what there is. Each row costs time, also one that is of no use.
_MOST_ROWS = 5_000
# A name is cut before it is looked at letter by letter.
_MOST_RAW_NAME = 4 * NAME_LENGTH


class Listing(NamedTuple):
    """The xStocks of one reading of the list: tokens by chain, and the asset's symbol by contract."""

    tokens: Mapping[ChainId, tuple[Token, ...]]
    symbols: Mapping[tuple[ChainId, Address], str]


class Catalogue:
    """The list, read once a day in the background; the last good one stays when that fails."""

    def __init__(
        self,
        http: JsonHttp,
        base_url: str,
        chains: Chains,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._url = f"{base_url}/assets"
        self._chains = chains
        self._clock = clock
        self._listing: Listing | None = None
        self._failure = ""
        self._read_again_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    @property
    def known(self) -> Listing | None:
        """The last good reading, if there was one."""
        return self._listing

    async def listing(self) -> Listing:
        """The list; only the first reading is waited for. Raises SourceFailed when that fails.

        Whoever gives up waiting does not stop the reading.
        """
        if self._clock() >= self._read_again_at and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read())
        if self._listing is None and self._reading is not None:
            await asyncio.shield(self._reading)
        if self._listing is None:
            raise SourceFailed(self._failure)
        return self._listing

    async def close(self) -> None:
        """Cancel a reading under way."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            with reading_answers_of("the list of xStocks"):
                self._listing = _listing(await self._assets(), self._chains)
            self._read_again_at = self._clock() + _FRESH_SECONDS
        except SourceFailed as failure:
            self._failure = f"the list of xStocks could not be read: {failure}"
            self._read_again_at = self._clock() + _RETRY_SECONDS

    async def _assets(self) -> list[object]:
        """All pages: the first alone, which may be all there is, then several at a time.

        How many there are is only known at the end.
        """
        assets: list[object] = []
        for first, end in pairwise((0, *range(1, _MOST_PAGES, _PAGES_AT_ONCE), _MOST_PAGES)):
            wave = [asyncio.create_task(self._page(number)) for number in range(first, end)]
            try:
                for page in wave:
                    if isinstance(found := await page, SourceFailed):
                        raise found
                    assets += sequence(found.get("nodes"))
                    if mapping(found.get("page")).get("hasNextPage") is not True:
                        return assets
            finally:
                for page in wave:
                    page.cancel()
                await asyncio.gather(*wave, return_exceptions=True)
        return assets

    async def _page(self, number: int) -> Mapping[str, object] | SourceFailed:
        """A page, or why not: past the last page a failure means nothing."""
        params = {"page": str(number), "pageSize": str(_PAGE_SIZE)}
        try:
            page = mapping(body_of(await self._http.get(self._url, params=params)))
        except SourceFailed as failure:
            return failure
        return page if "nodes" in page else SourceFailed("the answer has no assets in it")


def _listing(assets: Iterable[object], chains: Chains) -> Listing:
    tokens: dict[ChainId, list[Token]] = {}
    symbols: dict[tuple[ChainId, Address], str] = {}
    for asset, chain, address in _deployments(assets, chains):
        symbol = text(asset.get("symbol"))
        if (chain.chain_id, address) not in symbols:
            symbols[chain.chain_id, address] = symbol
            name = sanitise_text(text(asset.get("name"))[:_MOST_RAW_NAME], NAME_LENGTH)
            token = erc20(chain.chain_id, address, symbol, name or symbol, _DECIMALS, listed=True)
            tokens.setdefault(chain.chain_id, []).append(token)
    return Listing({chain_id: tuple(found) for chain_id, found in tokens.items()}, symbols)


def _deployments(
    assets: Iterable[object], chains: Chains
) -> Iterator[tuple[Mapping[str, object], Chain, Address]]:
    """Which asset is where, on chains that we know; rows without a proper address are left out."""
    named = {chain.price_names.backed.lower(): chain for chain in chains if chain.price_names.backed}
    rows: Counter[ChainId] = Counter()
    for asset in map(mapping, assets):
        if not _SYMBOL.fullmatch(text(asset.get("symbol"))):
            continue
        for row in map(mapping, sequence(asset.get("deployments"))):
            chain = named.get(text(row.get("network")).lower())
            if chain is None or rows[chain.chain_id] == _MOST_ROWS:
                continue
            rows[chain.chain_id] += 1
            address = _address(row.get("address"))
            if address is not None:
                yield asset, chain, address


def _address(value: object) -> Address | None:
    try:
        return parse_address(text(value))
    except ValueError:
        return None
