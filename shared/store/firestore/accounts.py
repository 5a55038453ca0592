"""The Accounts port on Firestore."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import unquote

from google.cloud.firestore import AsyncCollectionReference, AsyncQuery, FieldFilter

from ...core.runs import Run
from ..account_ports import Change, KeptAnswer, KeptCheckpoint
from ..codecs import unpack
from .cloud import Cloud, Document
from .documents import plain_time
from .parts import read_parts
from .runs import run_of

_CHUNK = 500
_CHUNK_PACKED = 20


class FirestoreAccounts:
    """A user's documents of each collection, in the order of their names."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def read_answers(self, user: str) -> AsyncIterator[tuple[KeptAnswer, ...]]:
        async for documents in self._pages(self._of("idempotency", user), _CHUNK_PACKED):
            answers = [
                KeptAnswer(
                    kept.get("key"),
                    plain_time(kept.get("expire_at")),
                    kept.get("status"),
                    await self._body(kept),
                )
                for kept in documents
            ]
            yield tuple(answers)

    async def read_checkpoints(self, user: str) -> AsyncIterator[tuple[KeptCheckpoint, ...]]:
        async for documents in self._pages(self._cloud.below(user, "checkpoints"), _CHUNK_PACKED):
            checkpoints = [
                KeptCheckpoint(unquote(kept.id), plain_time(kept.get("boundary")), await self._body(kept))
                for kept in documents
            ]
            yield tuple(checkpoints)

    async def read_changes(self, user: str) -> AsyncIterator[tuple[Change, ...]]:
        async for documents in self._pages(self._cloud.below(user, "changes"), _CHUNK):
            yield tuple(
                Change(plain_time(kept.get("first")), plain_time(kept.get("committed_at")))
                for kept in documents
            )

    async def read_runs(self, user: str) -> AsyncIterator[tuple[Run, ...]]:
        async for documents in self._pages(self._of("runs", user), _CHUNK):
            yield tuple(map(run_of, documents))

    async def _pages(
        self, documents: AsyncQuery | AsyncCollectionReference, size: int
    ) -> AsyncIterator[list[Document]]:
        query = documents.order_by("__name__").limit(size)
        found = await self._cloud.select(query)
        while found:
            yield found
            found = await self._cloud.select(query.start_after(found[-1])) if len(found) == size else []

    async def _body(self, kept: Document) -> bytes:
        """What the document holds; nothing of one that was removed or written anew meanwhile."""
        packed = await read_parts(self._cloud, kept)
        return unpack(packed) if packed else b""

    def _of(self, name: str, user: str) -> AsyncQuery:
        return self._cloud.collection(name).where(filter=FieldFilter("user_id", "==", user))
