"""The Erasures port on Firestore."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from google.cloud.firestore import (
    AsyncCollectionReference,
    AsyncDocumentReference,
    AsyncQuery,
    FieldFilter,
)

from ..account_ports import Era, Erased, Kind
from ..keeping import KEEP_ERASURE
from .cloud import Cloud, Document
from .documents import plain_time
from .eras import mark_reference, read_era
from .journal import field_of
from .parts import further_references
from .runs import PAGES, PARTS, PRICES

_AT_ONCE = 300
_MOST_WRITES = 500
_LONG = ("parts", "writing")
"""What tells which documents hold the rest of a long one."""
_COLLECTIONS: dict[Kind, str] = {
    "trades": "trades",
    "snapshots": "portfolio_snapshots",
    "answers": "idempotency",
}
_BELOW: dict[Kind, str] = {"wallets": "wallets", "checkpoints": "checkpoints", "changes": "changes"}
_UNSEEN = ("imports", "trade_keys")
"""Collections of a user that go with the trades and are not counted for themselves.

The journal of imports goes before the trades: no step of an import at work is written after that.
"""


class FirestoreErasures:
    """A user's documents, found by queries and deleted some hundred at a time."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def mark_erased(self, user: str, at: datetime) -> None:
        batch = self._cloud.batch()
        # Written anew, also within the same instant: the era is the time of the last change.
        fields = {"writing": secrets.token_hex(8), "erased_at": at}
        fields["expire_at"] = self._clock() + KEEP_ERASURE
        batch.set(mark_reference(self._cloud, user), fields)
        await self._cloud.commit(batch)

    async def read_era(self, user: str) -> Era:
        return await read_era(self._cloud, user)

    async def list_marks(self, since: datetime) -> Mapping[str, datetime]:
        marks = self._cloud.collection("erasures").where(filter=FieldFilter("erased_at", ">=", since))
        found = await self._cloud.select(marks.select(["erased_at"]))
        return {mark.id: plain_time(mark.get("erased_at")) for mark in found}

    async def erase_some(self, user: str) -> Erased:
        unseen = [await self._erase(self._cloud.below(user, name)) for name in _UNSEEN]
        gone: dict[Kind, int] = {"runs": await self._erase_runs(user)}
        for kind, name in _BELOW.items():
            gone[kind] = await self._erase(self._cloud.below(user, name))
        for kind, name in _COLLECTIONS.items():
            gone[kind] = await self._erase(self._of(name, user))
        owner = await self._erase_owner(user)
        return Erased(gone, owner or any(unseen) or any(gone.values()))

    async def _erase_owner(self, user: str) -> bool:
        kept = await self._cloud.get(self._cloud.user(user))
        if kept.exists:
            await self._delete([kept.reference])
        return kept.exists

    async def _erase_runs(self, user: str) -> int:
        runs = await self._cloud.select(self._of("runs", user).select([]).limit(_AT_ONCE))
        for run in runs:
            await self._erase_below(run.reference)
            await self._delete([run.reference])
            # What was written while the run was there still; behind that nothing is.
            await self._erase_below(run.reference)
        return len(runs)

    async def _erase_below(self, run: AsyncDocumentReference) -> None:
        for name in (PAGES, PRICES, PARTS):
            while await self._erase(run.collection(name)):
                pass

    async def _erase(self, query: AsyncQuery | AsyncCollectionReference) -> int:
        """Delete the first documents of a query; how many."""
        found = await self._cloud.select(query.select(_LONG).limit(_AT_ONCE))
        await self._delete([reference for kept in found for reference in _references(kept)])
        return len(found)

    async def _delete(self, references: Sequence[AsyncDocumentReference]) -> None:
        for start in range(0, len(references), _MOST_WRITES):
            batch = self._cloud.batch()
            for reference in references[start : start + _MOST_WRITES]:
                batch.delete(reference)
            await self._cloud.commit(batch)

    def _of(self, name: str, user: str) -> AsyncQuery:
        return self._cloud.collection(name).where(filter=FieldFilter("user_id", "==", user))


def _references(kept: Document) -> list[AsyncDocumentReference]:
    """Where the document is, behind those that hold the rest of it: a crash leaves what is found again."""
    beside = further_references(kept) if isinstance(field_of(kept, "parts"), int) else []
    return [*beside, kept.reference]
