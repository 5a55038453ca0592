"""What the open streams of a process share: who reads the chains for them, and who prices what they hold."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Protocol

from ..core.chains import Chain
from ..core.stream_rhythm import Rhythm
from ..ongoing import Ongoing
from .chain_reads import PortfolioQuery
from .stream_found import ChainOutcome, FragmentSources
from .stream_outbox import Outbox
from .stream_prices import PriceBoard
from .stream_reads import ChainReads
from .stream_told import Failing

logger = logging.getLogger(__name__)

_PRICES = "prices"


class HubSources(FragmentSources, Protocol):
    """What streams are made with; the Context is one."""

    @property
    def rhythm(self) -> Rhythm: ...
    @property
    def ongoing(self) -> Ongoing: ...


class StreamHub:
    """Works for the streams that are open, and does nothing without any."""

    def __init__(self, sources: HubSources) -> None:
        self.board = PriceBoard(lambda: sources.prices, sources.rhythm.price_seconds)
        self._sources = sources
        self._open: dict[Outbox, PortfolioQuery] = {}
        self._chains: dict[str, ChainReads] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._tried = asyncio.Event()

    @property
    def streams(self) -> int:
        """How many are open."""
        return len(self._open)

    @contextmanager
    def joined(self, query: PortfolioQuery, outbox: Outbox) -> Iterator[None]:
        """The chains are read for the stream's wallets, and the outbox hears of prices and failures."""
        self._open[outbox] = query
        for chain in query.chains:
            self._reads(chain).watch(query.addresses_on(chain))
        try:
            with self.board.read_by(outbox):
                yield
        finally:
            del self._open[outbox]
            for chain in query.chains:
                self._chains[chain.slug].unwatch(query.addresses_on(chain))
            self._end_idle()

    def failing(self, query: PortfolioQuery) -> Failing:
        """What cannot be read of what is asked."""
        answers = [self._chains[c.slug].failing(query.addresses_on(c)) for c in query.chains]
        failures = dict.fromkeys(failure for answer in answers for failure in answer.failures)
        failures.update(dict.fromkeys(self.board.failures))
        return Failing(tuple(failures), tuple(slug for answer in answers for slug in answer.pending))

    async def settle(self, query: PortfolioQuery, *, within: float) -> None:
        """Returns when everything that is asked was tried, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.failing(query).pending:
                    await self._tried.wait()

    def refreshed(self, query: PortfolioQuery, outcome: ChainOutcome, began: float) -> None:
        """Somebody else read what is asked on a chain, from that time of the loop on."""
        reads = self._chains.get(outcome.chain.slug)
        if reads is not None:
            reads.tried(query.addresses_on(outcome.chain), outcome, began)

    async def close(self) -> None:
        """End all work."""
        tasks = [*self._tasks.values(), *self._ending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    def _reads(self, chain: Chain) -> ChainReads:
        """Whoever reads the chain, at work."""
        self._work(_PRICES, self.board.run)
        reads = self._chains.get(chain.slug)
        if reads is None:
            reads = ChainReads(chain, self._sources.rhythm, self._sources, lambda: self._failed(chain))
            self._chains[chain.slug] = reads
        self._work(chain.slug, reads.run)
        return reads

    def _work(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        if name not in self._tasks:
            # In a context of its own, because it goes on for others than the request that began it.
            task = asyncio.create_task(work(), name=f"stream {name}", context=Context())
            self._tasks[name] = task
            task.add_done_callback(self._done)

    def _end_idle(self) -> None:
        idle = {name for name, reads in self._chains.items() if reads.is_idle}
        if not self._open:
            idle.add(_PRICES)
        for name in idle & self._tasks.keys():
            task = self._tasks.pop(name)
            self._ending.add(task)
            task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        """Work ends when it is cancelled; anything else is a fault of ours that streams must not hang on."""
        self._ending.discard(task)
        if task.cancelled():
            return
        logger.error("%s broke", task.get_name(), exc_info=task.exception())
        self._tasks = {name: each for name, each in self._tasks.items() if each is not task}
        for outbox in self._open:
            outbox.break_off("the server could not go on with this stream")

    def _failed(self, chain: Chain) -> None:
        for outbox, query in self._open.items():
            if any(each.slug == chain.slug for each in query.chains):
                outbox.failed()
        self._tried.set()
        self._tried = asyncio.Event()


def hub_of(sources: HubSources) -> StreamHub:
    """The hub of the process, which works with these sources if it is the first time."""
    return sources.ongoing.get(StreamHub, lambda: StreamHub(sources))
