"""The steps of one import: each finds the journal as the one before has left it, or is not written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from google.cloud.firestore import SERVER_TIMESTAMP

from .cloud import Cloud, Document, Refused
from .journal import IMPORT_ID, journal_of
from .ledger import TradeBatch

LEASE = timedelta(minutes=2)


class ImportSteps:
    """The journal in the hands of one import; a step renews the lease.

    Whoever takes the import back changes the journal first, so that no step comes after that.
    """

    def __init__(self, cloud: Cloud, user: str, import_id: str, clock: Callable[[], datetime]) -> None:
        self.import_id = import_id
        self._cloud = cloud
        self._user = user
        self._clock = clock
        self._journal = journal_of(cloud, user)
        self._number = 0
        self._seen: Any = None

    def first(self, last: Document) -> TradeBatch:
        """The step that begins, if nobody else has begun since the journal was read."""
        if last.exists:
            self._seen = last.update_time
            return self.next()
        batch = self._batch()
        batch.writes.create(self._journal, self._fields())
        return batch

    def next(self) -> TradeBatch:
        """A step to fill."""
        batch = self._batch()
        batch.writes.update(self._journal, self._fields(), self._unchanged())
        return batch

    def last(self, first: datetime | None) -> TradeBatch:
        """The step that ends the import: with it its rows are there, the first of them at this time."""
        batch = self._batch()
        fields = {**self._fields(), IMPORT_ID: None, "ended_at": SERVER_TIMESTAMP}
        batch.writes.update(self._journal, fields, self._unchanged())
        if first is not None:
            batch.touch(first)
        return batch

    async def commit(self, batch: TradeBatch) -> None:
        """Write a step. Raises Refused, unless it is this very step that was written before.

        The library repeats a commit whose answer was lost, and the repetition finds the journal changed.
        """
        try:
            await batch.commit()
        except Refused:
            found = await self._cloud.get(self._journal)
            if not found.exists or found.get("step") != self._step:
                raise
            self._seen = found.update_time
        else:
            written = batch.writes.write_results
            self._seen = written[0].update_time if written else None

    @property
    def _step(self) -> str:
        return f"{self.import_id}.{self._number}"

    def _batch(self) -> TradeBatch:
        self._number += 1
        return TradeBatch(self._cloud, self._user, self._clock())

    def _fields(self) -> dict[str, Any]:
        return {IMPORT_ID: self.import_id, "step": self._step, "lease_until": self._clock() + LEASE}

    def _unchanged(self) -> Any:
        return self._cloud.client.write_option(last_update_time=self._seen)
