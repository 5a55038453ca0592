"""The Wallets port on Firestore."""

from __future__ import annotations

from datetime import datetime

from google.cloud.firestore import AsyncDocumentReference

from ...core.ids import Address
from ...errors import Conflict, NotFound
from ..account_ports import Era
from ..ports import MAX_WALLETS, SavedWallet
from .cloud import Cloud, Document, Refused, document_id
from .documents import plain_time
from .eras import hold_era, require_era
from .journal import field_of

_TRIES = 5


class FirestoreWallets:
    """One document for each wallet below the user's, which is what two additions at once collide on."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def add_wallet(self, user: str, wallet: SavedWallet, *, era: Era | None = None) -> None:
        for _ in range(_TRIES):
            if await self._try_to_add(user, wallet, era):
                return
            await require_era(self._cloud, user, era)
        raise Conflict("the saved wallets are being changed by other requests")

    async def list_wallets(self, user: str) -> tuple[SavedWallet, ...]:
        query = self._cloud.below(user, "wallets").limit(MAX_WALLETS + 1)
        wallets = map(_wallet, await self._cloud.select(query))
        return tuple(sorted(wallets, key=lambda wallet: (wallet.created_at, wallet.address)))

    async def verify_wallet(self, user: str, address: Address, at: datetime) -> SavedWallet:
        batch = self._cloud.batch()
        batch.update(self._document(user, address), {"verified_at": at})
        try:
            await self._cloud.commit(batch)
        except Refused:
            raise NotFound(f"there is no saved wallet {address}") from None
        kept = await self._cloud.get(self._document(user, address))
        if not kept.exists:
            raise NotFound(f"there is no saved wallet {address}")
        return _wallet(kept)

    async def remove_wallet(self, user: str, address: Address) -> None:
        kept = await self._cloud.get(self._document(user, address))
        missing = NotFound(f"there is no saved wallet {address}")
        if not kept.exists:
            raise missing
        batch = self._cloud.batch()
        batch.delete(kept.reference, self._cloud.unchanged(kept))
        try:
            await self._cloud.commit(batch)
        except Refused:
            raise missing from None

    async def _try_to_add(self, user: str, wallet: SavedWallet, era: Era | None) -> bool:
        """False if another wallet was added in between: then the number has to be looked at again."""
        owner = await self._cloud.get(self._cloud.user(user))
        kept = {known.address for known in await self.list_wallets(user)}
        if wallet.address in kept:
            raise Conflict(f"wallet {wallet.address} is saved already")
        if len(kept) >= MAX_WALLETS:
            raise Conflict(f"there are {MAX_WALLETS} saved wallets already, which is as many as may be")
        batch = self._cloud.batch()
        fields = {**wallet._asdict(), "chains": [*wallet.chains], "user_id": user}
        batch.create(self._document(user, wallet.address), fields)
        if owner.exists:
            batch.update(owner.reference, {"newest_wallet": wallet.address}, self._cloud.unchanged(owner))
        else:
            batch.create(owner.reference, {"newest_wallet": wallet.address})
        hold_era(self._cloud, batch, user, era)
        try:
            await self._cloud.commit(batch)
        except Refused:
            return False
        return True

    def _document(self, user: str, address: Address) -> AsyncDocumentReference:
        return self._cloud.below(user, "wallets").document(document_id(address))


def _wallet(kept: Document) -> SavedWallet:
    verified_at = field_of(kept, "verified_at")
    return SavedWallet(
        Address(kept.get("address")),
        kept.get("label"),
        tuple(kept.get("chains")),
        plain_time(kept.get("created_at")),
        None if verified_at is None else plain_time(verified_at),
    )
