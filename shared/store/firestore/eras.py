"""A user's era on Firestore: what the mark of an erasure says to writes that began before it."""

from __future__ import annotations

from datetime import datetime

from google.cloud.firestore import DELETE_FIELD, AsyncDocumentReference, AsyncWriteBatch

from ..account_ports import Era, mark_of
from ..claims import ErasedMeanwhile
from ..codecs import from_micros, to_micros
from ..keeping import LONGEST_REQUEST
from .cloud import Cloud
from .documents import plain_time

_UNCHANGED = {"nothing": DELETE_FIELD}
"""A field that no mark has: removing it changes nothing, not even the time of the last change."""


def mark_reference(cloud: Cloud, user: str) -> AsyncDocumentReference:
    """Where it is marked that a user was erased."""
    return cloud.collection("erasures").document(mark_of(user))


async def read_era(cloud: Cloud, user: str) -> Era:
    """When the user was last marked, by Firestore's own clock; 0: never."""
    mark = await cloud.get(mark_reference(cloud, user))
    return Era(to_micros(plain_time(mark.update_time)) if mark.exists else 0)


def hold_era(cloud: Cloud, batch: AsyncWriteBatch, user: str, era: Era | None) -> None:
    """Have a batch be refused in any other era; the mark itself is left as it is."""
    if era is None:
        return
    mark = mark_reference(cloud, user)
    if era:
        batch.update(mark, _UNCHANGED, cloud.client.write_option(last_update_time=from_micros(era)))
    else:
        batch.delete(mark, cloud.client.write_option(exists=False))


async def require_era(cloud: Cloud, user: str, era: Era | None) -> None:
    """Tells why a batch was refused that held the era. Raises ErasedMeanwhile."""
    if era is not None and await read_era(cloud, user) != era:
        raise ErasedMeanwhile


async def is_erased(cloud: Cloud, user: str, now: datetime) -> bool:
    """Whether the user was erased while a request that is at work now may have been at work."""
    mark = await cloud.get(mark_reference(cloud, user))
    return mark.exists and plain_time(mark.get("erased_at")) > now - LONGEST_REQUEST
