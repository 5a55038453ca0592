"""A stream of what wallets hold: the state, then every change, from wherever the client left off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from ..core.ids import Address
from ..core.stream_ids import question_fingerprint, start_of
from ..errors import StoreUnavailable
from ..store.keeping import KEEP_LATEST
from .chain_reads import PortfolioQuery
from .stream_events import Broken, End, StreamEvent
from .stream_hub import HubSources, hub_of
from .stream_outbox import Outbox

logger = logging.getLogger(__name__)

# What chains hold is in the snapshot if they are read within this, and its prices if they come within that.
_READ_SECONDS = 1.5
_PRICE_SECONDS = 1.0
# What a client missed may be written, and so expire, somewhat earlier than its last event was sent.
_LOST_AFTER = KEEP_LATEST - timedelta(days=1)


class Closing(Protocol):
    """Says that the process is to end."""

    @property
    def is_set(self) -> bool: ...
    def wait(self) -> Coroutine[None, None, None]: ...


class StreamSession:
    """One open stream: says event after event when asked, and waits in between."""

    def __init__(
        self,
        outbox: Outbox,
        stirred: asyncio.Event,
        closing: Closing,
        sources: HubSources,
        outdated: asyncio.Future[None],
    ) -> None:
        """`outdated` is done when something else is asked than at first."""
        now = asyncio.get_running_loop().time()
        self._outbox = outbox
        self._stirred = stirred
        self._closing = closing
        self._sources = sources
        self._outdated = outdated
        self._may_beat = outbox.reason is None
        # A client that came back hears at once that all is well: there may be nothing else to say.
        self._beats_at = now if self._may_beat else now + sources.rhythm.heartbeat_seconds
        self._ends_at = now + sources.rhythm.longest_seconds
        self._is_broken = False

    async def next_event(self) -> StreamEvent:
        """What to send next; an End is the last."""
        while True:
            self._stirred.clear()
            event = self._at_hand(asyncio.get_running_loop().time())
            if event is not None:
                self._sources.counts.add("stream_events_total", event=type(event).__name__.lower())
                return event
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min(self._beats_at, self._ends_at)):
                    await self._stirred.wait()

    def _at_hand(self, now: float) -> StreamEvent | None:
        if self._is_broken:
            return End("error")
        if self._closing.is_set:
            return End("shutdown")
        if now >= self._ends_at:
            return End("time")
        if self._outdated.done():
            return End("wallets")
        moment = self._sources.clock()
        if self._may_beat and now >= self._beats_at:
            self._beats_at = now + self._sources.rhythm.heartbeat_seconds
            return self._outbox.heartbeat(moment)
        event = self._outbox.take(moment)
        self._may_beat = True
        self._is_broken = isinstance(event, Broken)
        return event


@asynccontextmanager
async def open_stream(
    query: PortfolioQuery,
    last_id: str | None,
    sources: HubSources,
    closing: Closing,
    asked_now: Callable[[], Awaitable[PortfolioQuery]] | None = None,
) -> AsyncIterator[StreamSession]:
    """A stream of what the query asks for, from behind the event with the last id; closed at the end.

    `asked_now` says what the query would be now, if that can change: then the stream ends.

    The feed is followed before the store is listed, so that nothing is missed in between. Before a snapshot
    the chains are read: what the store does not know yet would look like nothing held.
    Raises StoreUnavailable.
    """
    query = replace(query, chains=tuple(chain for chain in query.chains if query.addresses_on(chain)))
    stirred = asyncio.Event()
    outbox = _outbox(query, last_id, sources, stirred.set)
    stop = await sources.store.feed.follow(query.addresses, outbox.hear)
    hub = hub_of(sources)
    try:
        with hub.joined(query, outbox):
            if outbox.reason not in (None, "interrupted"):
                await hub.settle(query, within=_READ_SECONDS)
            outbox.queue.begin(await sources.store.latest.list_latest(query.addresses))
            with (
                _stirred_at(closing.wait(), stirred.set),
                _stirred_at(_until_outdated(query, asked_now, sources), stirred.set) as outdated,
                _logged(query, outbox),
            ):
                await hub.board.settle(outbox.assets(), within=_PRICE_SECONDS)
                yield StreamSession(outbox, stirred, closing, sources, outdated)
    finally:
        stop()
        sources.counts.add("stream_fragments_merged_total", outbox.queue.merged)


def _outbox(
    query: PortfolioQuery, last_id: str | None, sources: HubSources, stir: Callable[[], None]
) -> Outbox:
    reads = _reads(query)
    question = question_fingerprint(reads)
    return Outbox(
        start_of(last_id, question, sources.clock(), _LOST_AFTER),
        question,
        covers=lambda fragment: (fragment.wallet, fragment.chain) in reads,
        board=hub_of(sources).board,
        failing=lambda: hub_of(sources).failing(query),
        stir=stir,
    )


def _reads(query: PortfolioQuery) -> set[tuple[Address, str]]:
    """Each wallet on each chain."""
    return {(wallet, chain.slug) for chain in query.chains for wallet in query.addresses_on(chain)}


async def _until_outdated(
    query: PortfolioQuery, asked_now: Callable[[], Awaitable[PortfolioQuery]] | None, sources: HubSources
) -> None:
    """Returns when something else is asked than the query; looks as often as wallets are read."""
    if asked_now is None:
        await asyncio.get_running_loop().create_future()
        return
    while True:
        await asyncio.sleep(sources.rhythm.refresh_seconds)
        try:
            now = await asked_now()
        except StoreUnavailable as error:
            logger.warning("whether a stream's wallets are other ones could not be read: %s", error)
            continue
        if _reads(now) != _reads(query):
            return


@contextmanager
def _stirred_at(
    ending: Coroutine[None, None, None], stir: Callable[[], None]
) -> Iterator[asyncio.Future[None]]:
    """Waits for the end of something beside what is done here, and stirs then."""
    waiting = asyncio.ensure_future(ending)
    waiting.add_done_callback(lambda _: stir())
    try:
        yield waiting
    finally:
        waiting.cancel()


@contextmanager
def _logged(query: PortfolioQuery, outbox: Outbox) -> Iterator[None]:
    """One line at either end; it says how many wallets there are, never which."""
    began = asyncio.get_running_loop().time()
    fields: dict[str, object] = {
        "wallets": len(query.addresses),
        "chains": len(query.chains),
        "snapshot": outbox.reason,
    }
    logger.info("stream begun", extra={"fields": fields})
    try:
        yield
    finally:
        seconds = round(asyncio.get_running_loop().time() - began, 3)
        ended = {**fields, "seconds": seconds, "merged": outbox.queue.merged}
        logger.info("stream ended", extra={"fields": ended})
