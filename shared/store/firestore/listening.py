"""Listening to the balances of wallets: one call at a time, and another one whenever it breaks."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import aclosing, suppress
from itertools import count

from google.cloud.firestore_v1.types import Document, TargetChange

from ...core.ids import Address
from ...errors import StoreUnavailable
from ..followers import Followers
from ..run_ports import News
from .cloud import Cloud
from .latest import in_order, read_fragment
from .wire import Listened, Moment, Wire, read_at, snapshot_of, wallet_of, written_at

logger = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 30.0
_SETTLING_SECONDS = 0.2
_AFRESH_AFTER = 2
_Kind = TargetChange.TargetChangeType


class Listening:
    """Tells the followers what is written of the wallets that are listened to.

    Each call goes on where the last one was consistent. If that leads to nothing twice, one starts afresh,
    and what is known is passed over. What is said of documents that are gone is not heard: it is no news.
    """

    def __init__(self, cloud: Cloud, followers: Followers, patience_seconds: float) -> None:
        self._cloud = cloud
        self._patience_seconds = patience_seconds
        self._followers = followers
        self._listened: dict[Address, Listened] = {}
        self._numbers = count(1)
        self._wire: Wire | None = None
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()

    def add(self, wallet: Address, since: int) -> Listened:
        """Listen to a wallet, unless somebody does: to what is written of it behind `since`."""
        listened = self._listened.get(wallet)
        if listened is None:
            listened = self._listened[wallet] = Listened(wallet, next(self._numbers), since)
            if self._wire is not None:
                self._wire.add(listened)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
            self._task.add_done_callback(_report)
        self._hurry.set()
        return listened

    def remove(self, listened: Listened) -> None:
        """Listen to a wallet no more."""
        if self._listened.get(listened.wallet) is not listened:
            return
        del self._listened[listened.wallet]
        if self._wire is not None:
            self._wire.remove(listened)
        if not self._listened:
            self._end()

    async def close(self) -> None:
        """Listen to nothing more."""
        self._listened.clear()
        task = self._end()
        if task is not None:
            with suppress(asyncio.CancelledError):
                await task

    def _end(self) -> asyncio.Task[None] | None:
        task, self._task, self._wire = self._task, None, None
        if task is not None:
            task.cancel()
        return task

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async with aclosing(self._begin(afresh=failures >= _AFRESH_AFTER)) as wire:
                    while True:
                        failures = 0 if await self._hear(wire) else failures
            except StoreUnavailable as error:
                logger.warning("listening broke: %s", error)
            await self._rest(failures)
            failures += 1

    async def _rest(self, failures: int) -> None:
        """Wait, longer after many failures; whoever could just reach Firestore need not."""
        pause = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * (1 << min(failures, 10)))
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(pause * random.uniform(0.5, 1.5)):  # noqa: S311 (jitter)
                await self._hurry.wait()

    def _begin(self, *, afresh: bool) -> Wire:
        wire = self._wire = Wire(self._cloud)
        for listened in self._listened.values():
            wire.add(listened, afresh=afresh)
        return wire

    async def _hear(self, wire: Wire) -> bool:
        """Take the next response, if one comes in time; whether all that is followed is then known.

        Raises StoreUnavailable.
        """
        keeps_up = self._keeps_up(wire)
        settling = _SETTLING_SECONDS if wire.unsettled is not None else None
        response = await wire.next(settling if keeps_up else self._patience_seconds)
        if response is None:
            if wire.unsettled is None or not keeps_up:
                raise StoreUnavailable("Firestore does not go on from where it was")
            await self._tell(wire, wire.unsettled)
        elif "document_change" in response:
            document = response.document_change.document
            wire.documents[document.name] = document
        elif "target_change" in response:
            return await self._turn(wire, response.target_change)
        return False

    def _keeps_up(self, wire: Wire) -> bool:
        """Whether the call has caught up with all that is followed; who joins does not count yet."""
        behind = (wire.listened[number].wallet for number in wire.behind)
        return self._followers.wallets.isdisjoint(behind)

    async def _turn(self, wire: Wire, change: TargetChange) -> bool:
        wire.turn(change)
        at = read_at(change)
        of_all = change.target_change_type == _Kind.NO_CHANGE and not change.target_ids
        if at is None or not of_all or not self._keeps_up(wire):
            return False
        await self._reach(wire, Moment(at, change.resume_token))
        return True

    async def _reach(self, wire: Wire, moment: Moment) -> None:
        """Tell what is new up to a moment.

        Not at once when the call started over with something, as the emulator does at each writing: it reads
        one wallet after the other, and what was written just before a read may come with a later one only.
        Then the newest waits for what comes next, or for silence.
        """
        starts = [listened.reset_at for listened in wire.caught_up if listened.reset_at is not None]
        for listened in wire.caught_up:
            listened.reset_at = None
            listened.ready.set()
        if not starts:
            await self._tell(wire, moment)
            return
        settled = round(min(starts) - _SETTLING_SECONDS * 1_000_000)
        await self._tell(wire, Moment(settled, b""))
        wire.unsettled = moment

    async def _tell(self, wire: Wire, moment: Moment) -> None:
        """Tell all that is new up to a moment; what is later waits for the next one."""
        news = [
            snapshot_of(self._cloud, each)
            for each in wire.documents.values()
            if written_at(each) <= moment.through and self._is_news(each)
        ]
        told = [await read_fragment(self._cloud, kept) for kept in news]
        wire.documents = {n: each for n, each in wire.documents.items() if written_at(each) > moment.through}
        wire.unsettled = None
        for listened in wire.caught_up:
            listened.through = max(listened.through, moment.through)
            listened.token = moment.token or listened.token
        known = (fragment for fragment in told if fragment is not None)
        self._followers.tell(News(in_order(known), moment.through))

    def _is_news(self, document: Document) -> bool:
        wallet = wallet_of(document)
        if wallet not in self._followers.wallets:
            return False
        return written_at(document) > self._listened[wallet].through


def _report(task: asyncio.Task[None]) -> None:
    """Nobody waits for this task, so nobody else would hear that it failed."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("listening failed", exc_info=task.exception())
