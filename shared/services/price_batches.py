"""Prices for many who ask within moments of each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ..core.ids import AssetId
from ..core.tokens import Token
from ..prices.book import PriceAnswer
from .chain_reads import Pricer

_LANES = 2


class PriceBatches:
    """At most two requests at a time: the first who ask are answered first, who comes meanwhile together.

    `within` tells how many seconds a request may take that begins now.
    """

    def __init__(self, book: Pricer, within: Callable[[], float]) -> None:
        self._book = book
        self._within = within
        self._lanes = asyncio.Semaphore(_LANES)
        self._tokens: dict[AssetId, Token] = {}
        self._gathering: asyncio.Task[PriceAnswer] | None = None
        self._flights: set[asyncio.Task[PriceAnswer]] = set()

    async def prices(self, tokens: Iterable[Token]) -> PriceAnswer:
        """The prices of these tokens, and perhaps of others; no tokens are answered at once."""
        asked = {token.asset_id: token for token in tokens}
        if not asked:
            return PriceAnswer({}, ())
        self._tokens.update(asked)
        flight = self._gathering
        if flight is None:
            flight = self._gathering = asyncio.create_task(self._fly())
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)
        # Shielded: one who gives up must not take the answer from the others.
        return await asyncio.shield(flight)

    async def close(self) -> None:
        """Cancel what nobody waits for any more."""
        flights = tuple(self._flights)
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    async def _fly(self) -> PriceAnswer:
        async with self._lanes:
            tokens, self._tokens, self._gathering = self._tokens, {}, None
            return await self._book.prices(list(tokens.values()), within=self._within())
