"""Shelf: what one source has said, kept for a while, and the one place where it is asked again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..core.ids import AssetId
from ..core.quotes import Quote
from ..core.tokens import Token
from ..errors import PriceUnavailable
from ..probing import is_probe
from .breaker import Breaker
from .cache import Memory
from .source import PriceSource, Quotes, SourceFailed, reading_answers_of

logger = logging.getLogger(__name__)

# An expired quote of at most this age past its time is answered at once, while a new one is fetched.
_GRACE_SECONDS = 600.0
# That a source does not know an asset is believed for no longer than this.
_LONGEST_UNKNOWN = 300.0
_CAPACITY = 20_000


class Shelved(NamedTuple):
    """A source's part of an answer: its quotes, those of them past their time, and what went wrong."""

    quotes: Quotes
    expired: frozenset[AssetId]
    failure: str | None


class Shelf:
    """One source behind a memory and a breaker; an asset is never asked for twice at a time."""

    def __init__(
        self, source: PriceSource, *, ttl: float, clock: Callable[[], float], capacity: int = _CAPACITY
    ) -> None:
        self._source = source
        self._ttl = ttl
        self._clock = clock
        self._memory: Memory[AssetId, Quote | None] = Memory(capacity)
        self._breaker = Breaker()
        self._flights: dict[AssetId, asyncio.Task[None]] = {}
        self._failure: str | None = None

    async def quotes(self, tokens: Sequence[Token], within: float, *, fresh: bool = False) -> Shelved:
        """What the source says of the tokens; it is waited for only where nothing recent is known.

        With `fresh` nothing is too recent but what has more than half of its time left: who asks again and
        again, each time after that time, then never hears of a quote that has had its time.
        """
        start = self._clock()
        wanted = [token for token in tokens if self._source.covers(token)]
        aged = [token for token in wanted if not self._is_fresh(token.asset_id, 0.5 if fresh else 1.0)]
        waited = aged if fresh else [token for token in wanted if self._age(token.asset_id) is None]
        flights = self._fly(aged)
        needed = {flights[token.asset_id] for token in waited if token.asset_id in flights}
        late = False
        if needed:
            done, pending = await asyncio.wait(needed, timeout=within)
            late = bool(pending)
            for flight in done:
                flight.result()
        quotes, expired = self._recent(wanted, start)
        failure = self._failure if aged else None
        return Shelved(quotes, expired, f"no answer within {within:.3g} s" if late else failure)

    async def close(self) -> None:
        """Cancel what is under way."""
        flights = set(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _recent(self, wanted: Sequence[Token], start: float) -> tuple[Quotes, frozenset[AssetId]]:
        """What is remembered, and what of it had expired at the start and was not renewed since."""
        quotes = {}
        expired = set()
        for asset_id in (token.asset_id for token in wanted):
            kept = self._memory.get(asset_id)
            if kept is None or kept.value is None or not self._is_recent(kept.at):
                continue
            quotes[asset_id] = kept.value
            if kept.at < start and start - kept.at >= self._ttl:
                expired.add(asset_id)
        return quotes, frozenset(expired)

    def _is_recent(self, at: float) -> bool:
        return self._clock() - at <= self._ttl + _GRACE_SECONDS

    def _age(self, asset_id: AssetId) -> float | None:
        """How old an answer that may be given at once is; None if the source has to be waited for."""
        kept = self._memory.get(asset_id)
        if kept is None or not self._ttl or not self._is_recent(kept.at):
            return None
        return self._clock() - kept.at

    def _is_fresh(self, asset_id: AssetId, share: float) -> bool:
        """Whether an answer is younger than this share of its time."""
        kept, age = self._memory.get(asset_id), self._age(asset_id)
        if kept is None or age is None:
            return False
        return age < share * (self._ttl if kept.value is not None else min(self._ttl, _LONGEST_UNKNOWN))

    def _fly(self, tokens: Iterable[Token]) -> dict[AssetId, asyncio.Task[None]]:
        """The flights under way, with a new one for what is missing if the source is not resting."""
        grounded = {token.asset_id: token for token in tokens if token.asset_id not in self._flights}
        if grounded and self._breaker.admits(self._clock()):
            flight = asyncio.create_task(self._fetch(tuple(grounded.values())))
            self._flights.update(dict.fromkeys(grounded, flight))
            flight.add_done_callback(lambda _: self._land(grounded))
        return self._flights.copy()

    def _land(self, asset_ids: Iterable[AssetId]) -> None:
        for asset_id in asset_ids:
            del self._flights[asset_id]

    async def _fetch(self, tokens: Sequence[Token]) -> None:
        try:
            with reading_answers_of(self._source.name):
                quotes = await self._source.fetch(tokens)
        except PriceUnavailable as error:
            self._note_failure(error)
        else:
            self._failure = None
            self._breaker.succeeded()
            self._keep({token.asset_id: quotes.get(token.asset_id) for token in tokens})
        finally:
            self._breaker.settled()

    def _note_failure(self, error: PriceUnavailable) -> None:
        self._failure = str(error)
        if not is_probe():
            fields = {"source": self._source.name, "error": self._failure}
            logger.warning("price source failed", extra={"fields": fields})
        partly = error.quotes if isinstance(error, SourceFailed) else {}
        rest = error.rest if isinstance(error, SourceFailed) else None
        self._keep(partly)
        if partly and rest is None:
            self._breaker.succeeded()
        else:
            self._breaker.failed(self._clock(), rest)

    def _keep(self, quotes: Quotes | dict[AssetId, Quote | None]) -> None:
        now = self._clock()
        for asset_id, quote in quotes.items():
            self._memory.keep(asset_id, quote, now)
