"""Who was erased: told beside each archive, so that no restore brings them back, whatever was lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..archive.ports import Objects
from ..core.archive_erasures import decode_erasures, encode_erasures
from ..core.archive_manifest import Manifest
from ..core.archive_names import erasures_name, is_archive_id
from ..errors import ArchiveBroken
from ..store.keeping import KEEP_ERASURE
from ..store.ports import Store

# An archive's beginning and an erasure are told by two clocks.
_CLOCK_SKEW = timedelta(minutes=1)


async def keep_erasures(archive_id: str, objects: Objects, store: Store, now: datetime) -> None:
    """Write down who was erased, as far as the store knows. Raises Unavailable."""
    erasures = await store.erasures.list_marks(now - KEEP_ERASURE)
    await objects.add_object(erasures_name(archive_id), encode_erasures(erasures))


async def told_by_archives(manifest: Manifest, objects: Objects) -> frozenset[str]:
    """The marks of those who were erased since this archive was begun, as any archive beside it knows them.

    What a user began anew after an erasure is in later archives only. Every list is read, not the newest
    alone: a store that was lost and restored knows of no earlier erasure. Raises ArchiveBroken and
    Unavailable.
    """
    since, marks = manifest.started_at - _CLOCK_SKEW, set[str]()
    for archive_id in filter(is_archive_id, await objects.list_folders()):
        content = await objects.read_object(erasures_name(archive_id))
        if content is None:
            continue
        try:
            erasures = decode_erasures(content)
        except ValueError as error:
            raise ArchiveBroken(f"{erasures_name(archive_id)}: {error}") from error
        marks |= {mark for mark, at in erasures.items() if at >= since}
    return frozenset(marks)


async def told_by_store(manifest: Manifest, store: Store) -> frozenset[str]:
    """The marks of those who were erased since this archive was begun, as the store knows them now."""
    return frozenset(await store.erasures.list_marks(manifest.started_at - _CLOCK_SKEW))
