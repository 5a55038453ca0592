"""What the apps of one chain hold: its tokens first, then its protocols, each told once it is priced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ..core.app_balances import (
    TOKENS,
    WalletBalance,
    balances_by_protocol,
    balances_of_wallets,
    without_spam,
)
from ..core.chains import Chain
from ..core.failures import Failure
from ..core.ids import Address, AssetId
from ..core.portfolio import ChainRead
from ..core.positions import PositionsRead
from ..core.quotes import Price
from .chain_reads import Issued, PortfolioQuery, read_chain, read_issued
from .portfolio import LiveSources
from .positions import read_positions
from .price_batches import PriceBatches

# All within the 15 s in which an answer comes whatever the endpoints do, after 3 s for names.
_ALL_SECONDS = 11.5
_PRICE_SECONDS = 2.5
_LEAST_PRICE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """What an app of a chain holds for the wallets, with a price for each token, priced or not.

    `failures` are what is missing; `price_failures` the sources that did not answer, which may be missed by
    nobody. A chain that could not be read is told once, as the first of its apps; `whole_chain` says so.
    """

    chain: Chain
    app: str
    as_of: datetime
    balances: tuple[WalletBalance, ...] = ()
    failures: tuple[Failure, ...] = ()
    prices: Mapping[AssetId, Price] = field(default_factory=dict)
    price_failures: tuple[Failure, ...] = ()
    whole_chain: bool = False


class Finder:
    """Finds what wallets have, on one chain after the other or on many at a time; made in a running loop."""

    def __init__(self, wallets: Sequence[Address], chains: Sequence[Chain], sources: LiveSources) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _ALL_SECONDS
        self._wallets = tuple(wallets)
        self._sources = sources
        self._issued = asyncio.create_task(read_issued(chains, sources))
        self._prices = PriceBatches(sources.prices, lambda: _price_seconds(until - loop.time()))

    async def find(self, chain: Chain, apps: Sequence[str], tell: Callable[[Found], None]) -> None:
        """Tell what these apps of a chain hold; not a protocol that holds nothing and did not fail."""
        # Shielded: the other chains wait for it, too.
        issued = await asyncio.shield(self._issued) if chain.price_names.backed else Issued({})
        ages: list[datetime] = []
        query = PortfolioQuery(self._wallets, (chain,))
        read = await read_chain(query, chain, issued, self._sources, ages)
        as_of = min(ages, default=self._sources.clock())
        failures = (*read.failures, *issued.failures)
        if read.state == "error":
            tell(Found(chain, apps[0], as_of, failures=failures, whole_chain=True))
            return
        async with asyncio.TaskGroup() as group:
            positions = group.create_task(self._find_positions(read, apps, as_of))
            if TOKENS in apps:
                tokens = Found(chain, TOKENS, as_of, balances_of_wallets(read), failures)
                tell(await self._priced(tokens))
        for found in positions.result():
            tell(found)

    async def close(self) -> None:
        """Cancel what is still under way."""
        self._issued.cancel()
        await asyncio.gather(self._issued, return_exceptions=True)
        await self._prices.close()

    async def _find_positions(self, read: ChainRead, apps: Sequence[str], as_of: datetime) -> list[Found]:
        wanted = [app for app in apps if app != TOKENS]
        if not wanted:
            return []
        answer = await read_positions(read, self._sources)
        held = balances_by_protocol(answer)
        founds = (
            Found(read.chain, app, as_of, held.get(app, ()), failures_of(answer, app, wanted))
            for app in wanted
        )
        telling = [found for found in founds if found.balances or found.failures]
        return await asyncio.gather(*map(self._priced, telling))

    async def _priced(self, found: Found) -> Found:
        answer = await self._prices.prices(balance.token for _, balance in found.balances)
        return replace(
            found,
            balances=without_spam(found.balances, answer.prices),
            prices=answer.prices,
            price_failures=answer.failures,
        )


def failures_of(read: PositionsRead, app: str, wanted: Sequence[str]) -> tuple[Failure, ...]:
    """What failed of a protocol; what is said of none in particular is told with each that did not answer.

    Where all have answered, the first one tells it.
    """
    silent = [each for each in wanted if each not in read.protocols] or wanted[:1]
    return tuple(f for f in read.failures if f.protocol == app or (f.protocol is None and app in silent))


def _price_seconds(left: float) -> float:
    return max(_LEAST_PRICE_SECONDS, min(_PRICE_SECONDS, left))
