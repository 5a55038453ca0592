"""The Owners port on Firestore."""

from __future__ import annotations

import asyncio
from itertools import groupby

from google.cloud.firestore import AsyncCollectionReference, AsyncQuery, FieldFilter

from ...core.ids import Address
from ...core.runs import Owner
from .cloud import Cloud, Document

_FIELDS = ("user_id", "address", "chains")
# Of small documents; what is read beyond the last user is read for nothing.
_MOST_AT_ONCE = 2000


class FirestoreOwners:
    """All users' wallets as one collection group, in the order of their users."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def page_owners(self, after: str | None, limit: int) -> tuple[Owner, ...]:
        """Read on until one user more than asked for is seen: then the others are whole.

        How many documents that takes is guessed from those that were read so far.
        """
        query = self._query(after)
        found: list[Document] = []
        size, users, full = limit + 1, 0, True
        while users <= limit and full:
            behind = query.start_after(found[-1]) if found else query
            chunk = await self._cloud.select(behind.limit(size))
            found += chunk
            full = len(chunk) == size
            users = len({kept.get("user_id") for kept in found})
            size = min(max(1, (limit + 1 - users) * len(found) // max(1, users)), _MOST_AT_ONCE)
        return _owners(found)[:limit]

    async def page_users(self, after: str | None, limit: int) -> tuple[str, ...]:
        """One look into the index of each collection for each user, however many documents a user has."""
        cloud, found = self._cloud, list[str]()
        sources = (
            cloud.client.collection_group("wallets"),
            cloud.collection("trades"),
            cloud.collection("portfolio_snapshots"),
        )
        while len(found) < limit:
            behind = found[-1] if found else after
            firsts = await asyncio.gather(*(cloud.select(_first_user(source, behind)) for source in sources))
            users = [str(first.get("user_id")) for first, *_ in filter(None, firsts)]
            if not users:
                break
            found.append(min(users))
        return tuple(found)

    def _query(self, after: str | None) -> AsyncQuery:
        query = self._cloud.client.collection_group("wallets").order_by("user_id").order_by("__name__")
        if after is not None:
            query = query.where(filter=FieldFilter("user_id", ">", after))
        return query.select(_FIELDS)


def _first_user(source: AsyncQuery | AsyncCollectionReference, after: str | None) -> AsyncQuery:
    query = source.order_by("user_id").select(["user_id"]).limit(1)
    return query if after is None else query.where(filter=FieldFilter("user_id", ">", after))


def _owners(found: list[Document]) -> tuple[Owner, ...]:
    return tuple(
        Owner(
            user,
            tuple(sorted((Address(kept.get("address")), tuple(kept.get("chains"))) for kept in wallets)),
        )
        for user, wallets in groupby(found, lambda kept: str(kept.get("user_id")))
    )
