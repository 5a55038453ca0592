"""Documents with content of any length, in commits of bounded size; the first writing of each counts."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from google.cloud.firestore import AsyncDocumentReference

from ...errors import StoreUnavailable
from ..account_ports import Era
from ..claims import ErasedMeanwhile
from .cloud import Cloud, Document, Refused
from .eras import hold_era, require_era
from .parts import PART_BYTES, add_parts, further_parts, part_fields, part_reference, set_part

ROUNDS = 6
"""So often a refused commit is looked into; each time another writer was faster."""

_MOST_WRITES = 500
# With what surrounds it this is below the emulator's 4 MiB for a commit, and so below Firestore's 10 MiB.
_MOST_BYTES = 4 * PART_BYTES
_SURROUNDINGS_BYTES = 1000


class Need(NamedTuple):
    """A document that has to be there; the fields are its own, so that writing them changes nothing."""

    document: AsyncDocumentReference
    fields: dict[str, Any]


class Begun(NamedTuple):
    """The user for whom a document is, and the era in which its writing began."""

    user: str
    era: Era


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as it shall be: a new one, or in place of the one that was read `before`.

    Where its `need` is not there it is not written, and in no other era than that in which it was `begun`.

    The library repeats a commit whose answer was lost, and the repetition is refused: by its own `writing`
    a draft's writer knows what it wrote itself.
    """

    document: AsyncDocumentReference
    fields: dict[str, Any]
    content: bytes
    expire_at: datetime | None = None
    before: Document | None = None
    need: Need | None = None
    begun: Begun | None = None
    writing: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def path(self) -> str:
        return str(self.document.path)

    @property
    def writes(self) -> int:
        """How many documents it is."""
        return 1 + len(further_parts(self.content))

    @property
    def size(self) -> int:
        """How many bytes of a commit it takes, about."""
        return len(self.content) + _SURROUNDINGS_BYTES + sum(len(str(each)) for each in self.fields.values())


def loads(drafts: Sequence[Draft]) -> Iterator[list[Draft]]:
    """The drafts in order, in portions that one commit can take; one that is too large by itself is alone."""
    load: list[Draft] = []
    size = writes = 0
    for draft in drafts:
        size, writes = size + draft.size, writes + draft.writes
        if load and (size > _MOST_BYTES or writes > _MOST_WRITES):
            yield load
            load, size, writes = [], draft.size, draft.writes
        load.append(draft)
    if load:
        yield load


async def commit_load(cloud: Cloud, load: Sequence[Draft]) -> None:
    """Write all documents of a load, or none. Raises Refused if one is there or was changed meanwhile."""
    batch = cloud.batch()
    for draft in load:
        if draft.size > _MOST_BYTES:
            await _send_ahead(cloud, draft)
            fields = draft.fields | part_fields(draft.content, draft.writing)
        else:
            parts = add_parts(batch, draft.document, draft.content, draft.writing, draft.expire_at)
            fields = draft.fields | parts
        if draft.expire_at is not None:
            fields["expire_at"] = draft.expire_at
        if draft.before is None:
            batch.create(draft.document, fields)
        else:
            batch.update(draft.document, fields, cloud.unchanged(draft.before))
    for need in _needs(load):
        batch.update(*need)
    for begun in _eras(load):
        hold_era(cloud, batch, *begun)
    await cloud.commit(batch)


async def create_all(cloud: Cloud, drafts: Sequence[Draft]) -> int:
    """Write those of the new documents that are not there yet; how many are as these drafts wrote them.

    Raises ErasedMeanwhile.
    """
    first_of_each = {draft.path: draft for draft in reversed(drafts)}
    return sum([await _create_load(cloud, load) for load in loads([*first_of_each.values()])])


async def _create_load(cloud: Cloud, load: Sequence[Draft]) -> int:
    left, new = load, 0
    for _ in range(ROUNDS):
        try:
            await commit_load(cloud, left)
        except Refused:
            try:
                for begun in _eras(left):
                    await require_era(cloud, *begun)
            except ErasedMeanwhile:
                await _take_back(cloud, left)
                raise
            if not await _are_there(cloud, _needs(left)):
                await _take_back(cloud, left)
                return new
            kept = await _writings(cloud, left)
        else:
            return new + len(left)
        new += sum(kept.get(draft.path) == draft.writing for draft in left)
        left = [draft for draft in left if draft.path not in kept]
        if not left:
            return new
    raise StoreUnavailable("the same documents are being written by too many others")


def _needs(load: Sequence[Draft]) -> list[Need]:
    """What the drafts need, each once."""
    return [*{draft.need.document.path: draft.need for draft in load if draft.need is not None}.values()]


def _eras(load: Sequence[Draft]) -> set[Begun]:
    """The eras in which the drafts were begun, each once."""
    return {draft.begun for draft in load if draft.begun is not None}


async def _are_there(cloud: Cloud, needs: Sequence[Need]) -> bool:
    there = [kept async for kept in cloud.get_all([need.document for need in needs], [])]
    return len(there) == len(needs)


async def _writings(cloud: Cloud, drafts: Sequence[Draft]) -> dict[str, str]:
    """Of those documents that are there, who wrote them."""
    kept = cloud.get_all([draft.document for draft in drafts], ["writing"])
    return {document.reference.path: document.get("writing") async for document in kept}


async def _take_back(cloud: Cloud, drafts: Sequence[Draft]) -> None:
    """Remove what was sent ahead of documents that are never to be there."""
    for draft in (draft for draft in drafts if draft.writes > 1):
        batch = cloud.batch()
        for number in further_parts(draft.content):
            batch.delete(part_reference(draft.document, draft.writing, number))
        await cloud.commit(batch)


async def _send_ahead(cloud: Cloud, draft: Draft) -> None:
    """Write the parts beside the document before it, as many at once as a commit takes.

    Nobody reads them before the document itself is there. If it never is, they go when they expire.
    """
    numbers = further_parts(draft.content)
    for start in range(0, len(numbers), _MOST_BYTES // PART_BYTES):
        batch = cloud.batch()
        for number in numbers[start : start + _MOST_BYTES // PART_BYTES]:
            set_part(batch, draft.document, number, draft.content, draft.writing, draft.expire_at)
        await cloud.commit(batch)
