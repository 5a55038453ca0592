"""Imports into Firestore, which writes only so much at once: in steps, journalled, taken back if broken."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from google.cloud.firestore import AsyncCollectionReference, AsyncDocumentReference, FieldFilter

from ...core.trades import Trade
from ...errors import Conflict, DuplicateTrade
from ..codecs import require_distinct
from ..ports import Answer, Once
from .answers import FirestoreAnswers
from .cloud import Cloud, Document, Refused
from .documents import document_trade, plain_time
from .ledger import TradeBatch, existing_trades

# With notes of full length, a commit of this many trades stays below the emulator's 4 MiB, and so below the
# 10 MiB that a request may have.
_STEP = 300
_LEASE = timedelta(minutes=2)


class TradeImports:
    """An import has a journal as long as it lasts; each step renews it, and fails if it was taken away."""

    def __init__(self, cloud: Cloud, answers: FirestoreAnswers, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._answers = answers
        self._clock = clock

    async def run(self, user: str, chunks: Iterable[Sequence[Trade]], once: Once | None) -> Answer | None:
        """Write all trades, or none in the end. Raises like TradeLog.import_trades."""
        known = None if once is None else await self._answers.find_answer(user, once.claim)
        if known is not None:
            return known
        await self._take_back_broken(user)
        journal = await self._open(user)
        finished = False
        try:
            await self._write_all(user, journal, chunks)
            await self._close(user, journal, once)
            finished = True
        finally:
            if not finished:
                await asyncio.shield(self._take_back(user, journal))
        return None

    async def _write_all(
        self, user: str, journal: AsyncDocumentReference, chunks: Iterable[Sequence[Trade]]
    ) -> None:
        steps = _steps(chunks)
        while (trades := await asyncio.to_thread(next, steps, None)) is not None:
            require_distinct(user, trades)
            batch = TradeBatch(self._cloud, user, self._clock())
            batch.writes.update(journal, {"lease_until": self._clock() + _LEASE})
            for trade in trades:
                batch.create(trade, import_id=journal.id)
            try:
                await batch.commit()
            except Refused:
                for existing in (await existing_trades(self._cloud, user, trades)).values():
                    raise DuplicateTrade(existing) from None
                raise _overtaken() from None

    async def _open(self, user: str) -> AsyncDocumentReference:
        journal = self._journals(user).document(secrets.token_hex(12))
        batch = self._cloud.batch()
        batch.create(journal, {"lease_until": self._clock() + _LEASE})
        await self._cloud.commit(batch)
        return journal

    async def _close(self, user: str, journal: AsyncDocumentReference, once: Once | None) -> None:
        """The journal's mark and the answer are one step: with it the import has happened."""
        last = await self._cloud.get(journal)
        if not last.exists:
            raise _overtaken()
        batch = self._cloud.batch()
        batch.update(journal, {"finished": True}, self._cloud.unchanged(last))
        if once is not None:
            self._answers.keep(batch, user, once, await self._answers.read(user, once.claim))
        try:
            await self._cloud.commit(batch)
        except Refused:
            # The library repeats a commit whose answer was lost: this one may have found its own mark.
            if not _is_finished(await self._cloud.get(journal)):
                raise _overtaken() from None
        await self._forget(journal)

    async def _take_back_broken(self, user: str) -> None:
        """Undo the imports that nobody renews. Raises Conflict if one is at work."""
        for journal in await self._cloud.select(self._journals(user).limit(10)):
            if _is_finished(journal):
                await self._forget(journal.reference)
            elif plain_time(journal.get("lease_until")) > self._clock():
                raise Conflict("another import is at work")
            else:
                await self._take_back(user, journal.reference)

    async def _take_back(self, user: str, journal: AsyncDocumentReference) -> None:
        """Remove what an import wrote, its journal last; doing so twice changes nothing.

        The journal is marked first, so that an end of the import that is still under way comes too late; and
        it goes only if it is as it was marked, so that no late step stays.
        """
        while (last := await self._cloud.get(journal)).exists and not _is_finished(last):
            revocation = self._cloud.batch()
            revocation.update(journal, {"revoked": True}, self._cloud.unchanged(last))
            end = self._cloud.batch()
            try:
                await self._cloud.commit(revocation)
                marked = await self._cloud.get(journal)
                await self._remove_written(user, journal.id)
                end.delete(journal, self._cloud.unchanged(marked))
                await self._cloud.commit(end)
            except Refused:
                continue  # The import wrote one more step, or another request takes it back too: look again.

    async def _remove_written(self, user: str, import_id: str) -> None:
        written = (
            self._cloud.collection("trades")
            .where(filter=FieldFilter("user_id", "==", user))
            .where(filter=FieldFilter("import_id", "==", import_id))
            .limit(_STEP)
        )
        while found := await self._cloud.select(written):
            batch = TradeBatch(self._cloud, user, self._clock())
            for kept in found:
                batch.delete(kept, document_trade(kept).trade)
            try:
                await batch.commit()
            except Refused:
                continue  # One of them was changed or deleted meanwhile: look again.

    async def _forget(self, journal: AsyncDocumentReference) -> None:
        batch = self._cloud.batch()
        batch.delete(journal)
        await self._cloud.commit(batch)

    def _journals(self, user: str) -> AsyncCollectionReference:
        return self._cloud.below(user, "imports")


def _steps(chunks: Iterable[Sequence[Trade]]) -> Iterator[Sequence[Trade]]:
    """The same trades in portions of at most one step."""
    for chunk in chunks:
        for start in range(0, len(chunk), _STEP):
            yield chunk[start : start + _STEP]


def _is_finished(journal: Document) -> bool:
    return bool(journal.exists and "finished" in (journal.to_dict() or {}))


def _overtaken() -> Conflict:
    return Conflict("the import was overtaken by another one, or an id exists")
