"""Imports into Firestore that broke: nobody sees what they wrote, and here it is removed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from google.cloud.firestore import FieldFilter

from ...errors import Conflict
from .cloud import Cloud, Refused
from .documents import document_trade, plain_time
from .import_steps import LEASE
from .journal import IMPORT_ID, import_at_work, journal_of
from .ledger import TradeBatch

_STEP = 300


class UnfinishedImports:
    """Takes back what an import wrote that did not come to its end."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def take_back_broken(self, user: str) -> bool:
        """Undo the import that nobody renews; whether there was one. Raises Conflict if one is at work."""
        journal = await self._cloud.get(journal_of(self._cloud, user))
        import_id = import_at_work(journal)
        if import_id is None:
            return False
        if plain_time(journal.get("lease_until")) > self._clock():
            raise import_is_at_work()
        await self.take_back(user, import_id)
        return True

    async def take_back(self, user: str, import_id: str) -> None:
        """Remove what an unfinished import wrote, then its name; doing so twice changes nothing.

        The journal is changed first, so that a step of the import that is still under way comes too late.
        """
        journal = journal_of(self._cloud, user)
        while import_at_work(last := await self._cloud.get(journal)) == import_id:
            revocation, end = self._cloud.batch(), self._cloud.batch()
            mark = {"step": secrets.token_hex(12), "lease_until": self._clock() + LEASE}
            revocation.update(journal, mark, self._cloud.unchanged(last))
            try:
                await self._cloud.commit(revocation)
                marked = await self._cloud.get(journal)
                await self._remove_written(user, import_id)
                end.update(journal, {IMPORT_ID: None}, self._cloud.unchanged(marked))
                await self._cloud.commit(end)
            except Refused:
                continue  # The import wrote one more step, or another request takes it back too: look again.

    async def _remove_written(self, user: str, import_id: str) -> None:
        written = (
            self._cloud.collection("trades")
            .where(filter=FieldFilter("user_id", "==", user))
            .where(filter=FieldFilter(IMPORT_ID, "==", import_id))
            .limit(_STEP)
        )
        while found := await self._cloud.select(written):
            batch = TradeBatch(self._cloud, user, self._clock())
            for kept in found:
                batch.delete_hidden(kept, document_trade(kept).trade)
            try:
                await batch.commit()
            except Refused:
                continue  # Another request removes them too: look again.


def import_is_at_work() -> Conflict:
    """What a request is refused with that can only come after the import at work."""
    return Conflict("another import is at work")
