"""Who was erased: told beside each archive, so that no restore brings them back, whatever was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from itertools import count

from ..archive.ports import Objects
from ..core.archive_erasures import decode_erasures, encode_erasures
from ..core.archive_names import erasures_name, is_archive_id
from ..errors import ArchiveBroken
from ..store.keeping import KEEP_ERASURE
from ..store.ports import Store

Marks = dict[str, datetime]
"""When each erased user was erased for the last time, by mark."""


async def keep_erasures(archive_id: str, objects: Objects, store: Store, now: datetime) -> None:
    """Write down who was erased, as far as the store knows; nothing where a list says the same already.

    Each list has a name of its own: what an earlier call wrote knows nothing of later erasures. Raises
    Unavailable.
    """
    erasures = encode_erasures(await store.erasures.list_marks(now - KEEP_ERASURE))
    number = 0
    while not await objects.add_object(erasures_name(archive_id, number), erasures):
        if await objects.read_object(erasures_name(archive_id, number)) == erasures:
            return
        number += 1


async def told_by_archives(objects: Objects) -> Marks:
    """The marks of those who were erased, as any archive knows them.

    Every list is read, not the newest alone: a store that was lost and restored knows of no earlier erasure.
    Raises ArchiveBroken and Unavailable.
    """
    marks: Marks = {}
    for archive_id in filter(is_archive_id, await objects.list_folders()):
        async for name, content in _lists(archive_id, objects):
            try:
                erasures = decode_erasures(content)
            except ValueError as error:
                raise ArchiveBroken(f"{name}: {error}") from error
            add_marks(marks, erasures)
    return marks


def add_marks(marks: Marks, more: Mapping[str, datetime]) -> None:
    """Of two times for a mark, the later one counts."""
    for mark, at in more.items():
        marks[mark] = max(at, marks.get(mark, at))


async def _lists(archive_id: str, objects: Objects) -> AsyncIterator[tuple[str, bytes]]:
    """The lists beside an archive, by their names; earlier versions wrote one, under another name."""
    earlier = f"{archive_id}/erasures.json"
    if (content := await objects.read_object(earlier)) is not None:
        yield earlier, content
    for number in count():
        name = erasures_name(archive_id, number)
        content = await objects.read_object(name)
        if content is None:
            return
        yield name, content
