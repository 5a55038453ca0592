"""The price book: asks every source at the same time and lets the core choose."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ..core.chains import Chain, Chains
from ..core.failures import Failure
from ..core.ids import AssetId
from ..core.quotes import Price, choose, unpriced
from ..core.tokens import Token, native_token
from ..errors import PriceUnavailable
from ..spans import span
from .shelf import Shelf, Shelved
from .source import PriceSource


class PriceAnswer(NamedTuple):
    """A Price for every token asked for, priced or not, and a Failure for every source that failed."""

    prices: Mapping[AssetId, Price]
    failures: tuple[Failure, ...]


class PriceBook:
    """Prices of any tokens; sources that are late or down cost only their own quotes."""

    def __init__(
        self,
        sources: Sequence[PriceSource],
        *,
        chains: Chains,
        ttl: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`ttl` is in seconds; 0 asks the sources every time. `clock` measures ages, `now` tells the time."""
        self._shelves = {source.name: Shelf(source, ttl=ttl, clock=clock) for source in sources}
        self._chains = chains
        self._now = now

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        """The prices, after at most `within` seconds; what a source did not say by then is a Failure.

        An expired quote is told at once and renewed behind, unless `fresh` says that the new one is worth
        waiting for.
        """
        with span("prices", tokens=len(tokens)):
            return await self._ask(tokens, within, fresh)

    async def _ask(self, tokens: Sequence[Token], within: float, fresh: bool) -> PriceAnswer:
        asked = {token.asset_id: token for token in tokens}
        wanted = [token for token in self._with_natives(asked) if self._has_value(token)]
        shelves = self._shelves.values()
        answers = await asyncio.gather(*(shelf.quotes(wanted, within, fresh=fresh) for shelf in shelves))
        shelved = dict(zip(self._shelves, answers, strict=True))
        now = self._now()
        prices = {token.asset_id: _price(token.asset_id, shelved, now) for token in wanted}
        return PriceAnswer(
            {asset_id: self._settle(token, prices) for asset_id, token in asked.items()},
            tuple(
                Failure("price", None, PriceUnavailable.code, f"{name}: {answer.failure}")
                for name, answer in shelved.items()
                if answer.failure is not None
            ),
        )

    async def close(self) -> None:
        """Cancel the requests under way."""
        await asyncio.gather(*(shelf.close() for shelf in self._shelves.values()))

    def _chain(self, token: Token) -> Chain | None:
        return self._chains.get(token.chain_id)

    def _has_value(self, token: Token) -> bool:
        """A testnet's coins are free, whatever else bears their name."""
        chain = self._chain(token)
        return chain is not None and not chain.testnet

    def _wraps(self, token: Token) -> Chain | None:
        """The chain whose native coin the token wraps."""
        chain = self._chain(token)
        return (
            chain if chain is not None and token.address and token.address == chain.wrapped_native else None
        )

    def _with_natives(self, asked: Mapping[AssetId, Token]) -> list[Token]:
        natives = [native_token(chain) for token in asked.values() if (chain := self._wraps(token))]
        return list(({native.asset_id: native for native in natives} | dict(asked)).values())

    def _settle(self, token: Token, prices: Mapping[AssetId, Price]) -> Price:
        if not self._has_value(token):
            return unpriced(token.asset_id, "testnet: the coins of a test network have no price")
        price, chain = prices[token.asset_id], self._wraps(token)
        if price.price_usd is not None or chain is None:
            return price
        native = prices[chain.native_asset_id]
        if native.price_usd is None:
            return price
        reason = f"follows_native: one {token.symbol} is redeemed for one {chain.native.symbol}"
        return native._replace(asset_id=token.asset_id, reason=reason)


def _price(asset_id: AssetId, shelved: Mapping[str, Shelved], now: datetime) -> Price:
    quotes = [answer.quotes[asset_id] for answer in shelved.values() if asset_id in answer.quotes]
    price = choose(asset_id, quotes, now)
    if price.source is not None and asset_id in shelved[price.source].expired:
        return price._replace(stale=True)
    failed = [name for name, answer in shelved.items() if answer.failure is not None]
    if not quotes and failed:
        return unpriced(asset_id, f"price_unavailable: {', '.join(failed)} did not answer")
    return price
