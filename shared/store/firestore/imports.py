"""The Imports port on Firestore, which writes only so much at once: in hidden steps, taken back if broken."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ...core.trades import Trade
from ...errors import Conflict, DuplicateTrade
from ..account_ports import Era
from ..claims import ImportOvertaken
from ..codecs import require_distinct
from ..ports import Answer, Once
from .answers import FirestoreAnswers
from .cloud import Cloud, Document, Refused
from .eras import hold_era, require_era
from .import_steps import ImportSteps
from .journal import import_at_work, journal_of, last_import
from .ledger import existing_trades
from .moments import read_moments
from .unfinished import UnfinishedImports, import_is_at_work

# With notes of full length, a commit of this many trades stays below the emulator's 4 MiB, and so below the
# 10 MiB that a request may have.
_STEP = 300


class _Overtaken(Conflict):
    def __init__(self) -> None:
        super().__init__("the import was overtaken by another one, or an id exists")


class FirestoreImports:
    """A user's imports come one after another; what each has written is hidden until its last step."""

    def __init__(self, cloud: Cloud, answers: FirestoreAnswers, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._answers = answers
        self._clock = clock
        self._unfinished = UnfinishedImports(cloud, clock)

    async def find_duplicates(self, user: str, trades: Sequence[Trade]) -> Mapping[str, str]:
        return await existing_trades(self._cloud, user, trades)

    def read_moments(self, user: str, moments: Sequence[datetime]) -> AsyncIterator[tuple[Trade, ...]]:
        return read_moments(self._cloud, user, moments)

    async def import_trades(
        self,
        user: str,
        chunks: Iterable[Sequence[Trade]],
        once: Once | None = None,
        *,
        since: str | None = None,
        era: Era | None = None,
    ) -> Answer | None:
        known = None if once is None else await self._answers.find_answer(user, once.claim)
        if known is not None:
            return known
        steps = ImportSteps(self._cloud, user, secrets.token_hex(12), self._clock)
        await self._open(user, steps, since, era)
        finished = False
        try:
            claimed = None if once is None else await self._answers.read(user, once.claim)
            if once is not None and claimed is not None:
                known = await self._answers.judge(claimed, once.claim)
            if known is None:
                first = await self._write_all(user, steps, chunks)
                await self._close(user, steps, first, once, claimed)
                finished = True
        except _Overtaken:
            await require_era(self._cloud, user, era)
            raise
        finally:
            if not finished:
                await asyncio.shield(self._unfinished.take_back(user, steps.import_id))
        return known

    async def _open(self, user: str, steps: ImportSteps, since: str | None, era: Era | None) -> None:
        """The first step is refused in another era, and all others with it: an erasure takes the journal."""
        await self._unfinished.take_back_broken(user)
        journal = await self._cloud.get(journal_of(self._cloud, user))
        if import_at_work(journal) is not None:
            raise import_is_at_work()
        if since is not None and last_import(journal) > int(since):
            raise ImportOvertaken
        first = steps.first(journal)
        hold_era(self._cloud, first.writes, user, era)
        try:
            await steps.commit(first)
        except Refused:
            await require_era(self._cloud, user, era)
            raise import_is_at_work() from None

    async def _write_all(
        self, user: str, steps: ImportSteps, chunks: Iterable[Sequence[Trade]]
    ) -> datetime | None:
        """When the first trade was executed."""
        first: datetime | None = None
        portions = _portions(chunks)
        while (trades := await asyncio.to_thread(next, portions, None)) is not None:
            require_distinct(user, trades)
            batch = steps.next()
            for trade in trades:
                batch.create_hidden(trade, steps.import_id)
                first = trade.executed_at if first is None else min(first, trade.executed_at)
            try:
                await steps.commit(batch)
            except Refused:
                for existing in (await existing_trades(self._cloud, user, trades)).values():
                    raise DuplicateTrade(existing) from None
                raise _Overtaken from None
        return first

    async def _close(
        self,
        user: str,
        steps: ImportSteps,
        first: datetime | None,
        once: Once | None,
        claimed: Document | None,
    ) -> None:
        """The end and the answer are one step, on the condition that the claim is as it was before."""
        batch = steps.last(first)
        if once is not None and claimed is not None:
            self._answers.keep(batch.writes, user, once, claimed)
        try:
            await steps.commit(batch)
        except Refused:
            raise _Overtaken from None


def _portions(chunks: Iterable[Sequence[Trade]]) -> Iterator[Sequence[Trade]]:
    """The same trades in portions of at most one step."""
    for chunk in chunks:
        for start in range(0, len(chunk), _STEP):
            yield chunk[start : start + _STEP]
