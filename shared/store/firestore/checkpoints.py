"""The Checkpoints port on Firestore."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from google.cloud.firestore import AsyncDocumentReference, FieldFilter

from ..claims import KEEP_CHECKPOINT
from ..codecs import from_micros, pack, unpack
from ..ports import SavedCheckpoint
from .cloud import Cloud, Document, document_id
from .documents import plain_time
from .eras import is_erased
from .ledger import changes
from .parts import add_parts, read_parts, remove_parts

# A commit may have 10 MiB; what is larger is computed again.
_MOST_BYTES = 8_000_000


class FirestoreCheckpoints:
    """One document for each checkpoint below the user's, judged by the changes since."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def save_checkpoint(self, user: str, name: str, checkpoint: SavedCheckpoint) -> None:
        content = pack(checkpoint.state)
        if len(content) > _MOST_BYTES:
            return
        document = self._document(user, name)
        before = await self._cloud.get(document)
        expire_at = self._clock() + KEEP_CHECKPOINT
        batch = self._cloud.batch()
        if before.exists:
            remove_parts(batch, before)
        fields = {
            "revision": checkpoint.revision,
            "boundary": checkpoint.boundary,
            "expire_at": expire_at,
            **add_parts(batch, document, content, secrets.token_hex(8), expire_at),
        }
        batch.set(document, fields)
        await self._cloud.commit(batch)
        # Asked behind the writing: an erasure that did not see it has been marked before.
        if await is_erased(self._cloud, user, self._clock()):
            await self._remove(document)

    async def load_checkpoint(self, user: str, name: str) -> SavedCheckpoint | None:
        kept = await self._cloud.get(self._document(user, name))
        if not kept.exists or plain_time(kept.get("expire_at")) <= self._clock():
            return None
        if await self._is_outdated(user, kept):
            return None
        content = await read_parts(self._cloud, kept)
        if content is None:
            return None
        return SavedCheckpoint(kept.get("revision"), plain_time(kept.get("boundary")), unpack(content))

    async def _is_outdated(self, user: str, kept: Document) -> bool:
        """Whether a commit since touched a trade that the checkpoint covers."""
        since = from_micros(int(kept.get("revision")))
        query = (
            changes(self._cloud, user)
            .where(filter=FieldFilter("committed_at", ">", since))
            .where(filter=FieldFilter("first", "<=", kept.get("boundary")))
        )
        return bool(await self._cloud.select(query.limit(1)))

    async def _remove(self, document: AsyncDocumentReference) -> None:
        kept = await self._cloud.get(document)
        if kept.exists:
            batch = self._cloud.batch()
            remove_parts(batch, kept)
            batch.delete(document)
            await self._cloud.commit(batch)

    def _document(self, user: str, name: str) -> AsyncDocumentReference:
        return self._cloud.below(user, "checkpoints").document(document_id(name))
