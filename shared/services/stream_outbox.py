"""The outbox of one stream: what it has still to tell, however slowly its client reads."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from ..core.fragments import Fragment
from ..core.ids import AssetId
from ..core.stream_ids import Start, StreamId
from ..store.run_ports import News
from .stream_events import Broken, Found, Heartbeat, Prices, Snapshot, Status, StreamEvent
from .stream_prices import Board
from .stream_queue import FragmentQueue
from .stream_told import Failing, ToldFailures, ToldPrices

MOST_IN_A_ROW = 100
"""Fragments, before prices have their turn: there may be no end of fragments."""


class Outbox:
    """Takes what is heard, and gives event after event when asked; nothing here waits.

    What is superseded before it was sent is not sent: a slow client gets fewer events, and the outbox does
    not grow.
    """

    def __init__(
        self,
        start: Start,
        question: int,
        *,
        covers: Callable[[Fragment], bool],
        board: Board,
        failing: Callable[[], Failing],
        stir: Callable[[], None],
    ) -> None:
        """`covers` says which fragments are asked for; `stir` is called when there is something to take."""
        self.prices = ToldPrices(board, start)
        self.queue = FragmentQueue(start, covers, self.prices.hold)
        self.reason = start.reason
        """Why a snapshot is sent; None for a stream that goes on where its client left off."""
        self._failures = ToldFailures(failing, start)
        self._question = question
        self._stir = stir
        self._broken: str | None = None
        self._in_a_row = 0

    def assets(self) -> Collection[AssetId]:
        """What is held."""
        return self.prices.assets

    def hear(self, news: News) -> None:
        """What the feed tells."""
        self.queue.hear(news)
        self._stir()

    def priced(self, assets: Collection[AssetId]) -> None:
        """The prices of these are other ones than before."""
        if self.prices.changed(assets):
            self._stir()

    def failed(self) -> None:
        """What cannot be read may be something else than before."""
        self._failures.is_open = True
        self._stir()

    def break_off(self, message: str) -> None:
        """The stream cannot go on."""
        self._broken = message
        self._stir()

    def take(self, now: datetime) -> StreamEvent | None:
        """The next event; None when everything is told. Prices come behind the fragments they are for."""
        if self._broken is not None:
            return Broken(self._broken)
        self.prices.compare()
        if (chunk := self.queue.next_chunk()) is not None:
            return self._snapshot(chunk, now)
        if (failing := self._failures.take()) is not None:
            return Status(*failing, self._id(now))
        if self._in_a_row < MOST_IN_A_ROW and (fragment := self.queue.next_fragment()) is not None:
            self._in_a_row += 1
            return Found(fragment, self._id(now))
        self._in_a_row = 0
        if prices := self.prices.take():
            return Prices(prices, self._id(now))
        fragment = self.queue.next_fragment()
        return None if fragment is None else Found(fragment, self._id(now))

    def heartbeat(self, now: datetime) -> Heartbeat:
        """That the stream is alive."""
        self.prices.compare()
        return Heartbeat(now, self._id(now))

    def _snapshot(self, fragments: tuple[Fragment, ...], now: datetime) -> Snapshot:
        assert self.reason is not None  # else the queue has no snapshot
        held = {balance.asset_id: None for fragment in fragments for balance in fragment.balances}
        prices = self.prices.take(held)
        failing = self._failures.tell()
        queue = self.queue
        return Snapshot(
            self.reason, queue.chunk, queue.chunks, now, fragments, prices, *failing, self._id(now)
        )

    def _id(self, now: datetime) -> StreamId:
        return StreamId(
            self.queue.place,
            int(now.timestamp()),
            self.prices.fingerprint,
            self._failures.fingerprint,
            self._question,
            self.queue.unfinished_chunk,
        )
