"""The Nonces port on Firestore."""

from __future__ import annotations

import secrets
from datetime import datetime

from .cloud import Cloud, Refused, document_id


class FirestoreNonces:
    """One document for each used nonce, which is written on the condition that there is none."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def use_nonce(self, nonce: str, until: datetime) -> bool:
        document = self._cloud.collection("nonces").document(document_id(nonce))
        use = secrets.token_hex(8)
        batch = self._cloud.batch()
        batch.create(document, {"use": use, "expire_at": until})
        try:
            await self._cloud.commit(batch)
        except Refused:
            # The library repeats a commit whose answer was lost, and the repetition finds the first.
            kept = await self._cloud.get(document)
            return kept.exists and kept.get("use") == use
        return True
