"""The Answers port on Firestore."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from google.cloud.firestore import AsyncDocumentReference, AsyncWriteBatch

from ...errors import Conflict
from ..account_ports import Era
from ..claims import HOLD_CLAIM, KEEP_ANSWER, KeptClaim, judge
from ..codecs import pack, unpack
from ..ports import Answer, Claim, Once
from .cloud import Cloud, Document, Refused, document_id
from .documents import plain_time
from .eras import hold_era, require_era
from .parts import add_parts, read_parts


class FirestoreAnswers:
    """One document for each user and key, which is written on the condition that nobody else has."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def find_answer(self, user: str, claim: Claim) -> Answer | None:
        return await self.judge(await self.read(user, claim), claim)

    async def begin_answer(self, user: str, claim: Claim, *, era: Era | None = None) -> Answer | None:
        before = await self.read(user, claim)
        known = await self.judge(before, claim)
        if known is not None:
            return known
        batch = self._cloud.batch()
        kept = KeptClaim(claim.request_hash, self._clock() + HOLD_CLAIM, None)
        self._put(batch, user, claim, kept, before)
        hold_era(self._cloud, batch, user, era)
        try:
            await self._cloud.commit(batch)
        except Refused:
            await require_era(self._cloud, user, era)
            known = await self.find_answer(user, claim)
            if known is None:
                raise Conflict("a request with this Idempotency-Key is still at work") from None
        return known

    async def finish_answer(self, user: str, once: Once, *, era: Era | None = None) -> None:
        before = await self.read(user, once.claim)
        taken = before.exists and plain_time(before.get("expire_at")) > self._clock()
        if taken and before.get("request_hash") != once.claim.request_hash:
            return
        batch = self._cloud.batch()
        self.keep(batch, user, once, before)
        hold_era(self._cloud, batch, user, era)
        try:
            await self._cloud.commit(batch)
        except Refused:
            await require_era(self._cloud, user, era)
            return  # It took too long, and the claim went to another request: that one's stays.

    async def abandon_answer(self, user: str, claim: Claim) -> None:
        before = await self.read(user, claim)
        if not before.exists or before.get("status") is not None:
            return
        if before.get("request_hash") != claim.request_hash:
            return
        batch = self._cloud.batch()
        batch.delete(before.reference, self._cloud.unchanged(before))
        try:
            await self._cloud.commit(batch)
        except Refused:
            return

    async def read(self, user: str, claim: Claim) -> Document:
        """The claim as it is kept."""
        return await self._cloud.get(self._document(user, claim))

    async def judge(self, snapshot: Document, claim: Claim) -> Answer | None:
        """The answer to repeat; None if the claim is free. Raises Conflict."""
        if not snapshot.exists:
            return None
        answer, status = None, snapshot.get("status")
        if status is not None:
            body = await read_parts(self._cloud, snapshot)
            # TTL may remove the parts of what has expired before the document itself.
            answer = Answer(status, b"" if body is None else unpack(body))
        kept = KeptClaim(snapshot.get("request_hash"), plain_time(snapshot.get("expire_at")), answer)
        return judge(kept, claim, self._clock())

    def keep(self, batch: AsyncWriteBatch, user: str, once: Once, before: Document) -> None:
        """Put the answer into a batch, on the condition that the claim is still as it was read."""
        kept = KeptClaim(once.claim.request_hash, self._clock() + KEEP_ANSWER, once.answer)
        self._put(batch, user, once.claim, kept, before)

    def _document(self, user: str, claim: Claim) -> AsyncDocumentReference:
        return self._cloud.collection("idempotency").document(document_id(user, claim.key))

    def _put(
        self, batch: AsyncWriteBatch, user: str, claim: Claim, kept: KeptClaim, before: Document
    ) -> None:
        document = self._document(user, claim)
        body = b"" if kept.answer is None else pack(kept.answer.body)
        fields = {
            "user_id": user,
            "key": claim.key,
            "request_hash": kept.request_hash,
            "status": None if kept.answer is None else kept.answer.status,
            "expire_at": kept.expires_at,
            **add_parts(batch, document, body, expire_at=kept.expires_at),
        }
        if before.exists:
            batch.update(document, fields, self._cloud.unchanged(before))
        else:
            batch.create(document, fields)
