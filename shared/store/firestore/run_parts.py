"""The Parts port on Firestore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from google.cloud.firestore import AsyncCollectionReference, AsyncDocumentReference, FieldFilter

from ...core.runs import Part, PartKey, Progress
from ..keeping import KEEP_PART
from ..run_codecs import pack_part, unpack_part
from .cloud import Cloud, Document, document_id
from .drafts import Draft, create_all
from .parts import read_parts
from .runs import PARTS, own_run, run_reference

_MOST_IN = 30  # values that one filter may have


class FirestoreParts:
    """One document below its run for each part, and no counter: parts are counted by queries."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def add_part(self, part: Part) -> bool:
        fields = {"group": _scattered(part.key.group), "chain": part.key.chain, "state": part.state}
        document = self._document(part.run_id, part.key)
        need = own_run(self._cloud, part.run_id)
        draft = Draft(document, fields, pack_part(part), self._clock() + KEEP_PART, need=need)
        return bool(await create_all(self._cloud, [draft]))

    async def count_parts(self, run_id: str, group: int) -> int:
        of_group = FieldFilter("group", "==", _scattered(group))
        return await self._cloud.count(self._parts(run_id).where(filter=of_group))

    async def read_parts(self, run_id: str, keys: Collection[PartKey]) -> Mapping[PartKey, Part]:
        found = self._cloud.get_all([self._document(run_id, key) for key in keys])
        parts = await asyncio.gather(*[self._part(run_id, kept) async for kept in found])
        return {part.key: part for part in parts if part is not None}

    async def list_keys(self, run_id: str, first_group: int, last_group: int) -> frozenset[PartKey]:
        groups = [_scattered(group) for group in range(first_group, last_group + 1)]
        keys: set[PartKey] = set()
        for start in range(0, len(groups), _MOST_IN):
            of_groups = FieldFilter("group", "in", groups[start : start + _MOST_IN])
            query = self._parts(run_id).where(filter=of_groups).select(["group", "chain"])
            keys.update(map(_key, await self._cloud.select(query)))
        return frozenset(keys)

    async def read_progress(self, run_id: str) -> Progress:
        parts = self._parts(run_id)
        kept = self._cloud.collection("portfolio_snapshots").where(filter=FieldFilter("run_id", "==", run_id))
        return Progress(
            *await asyncio.gather(
                self._cloud.count(parts.where(filter=FieldFilter("state", "==", "read"))),
                self._cloud.count(parts.where(filter=FieldFilter("state", "==", "failed"))),
                self._cloud.count(kept),
                self._cloud.count(kept.where(filter=FieldFilter("complete", "==", False))),
            )
        )

    async def _part(self, run_id: str, kept: Document) -> Part | None:
        """None if it is not all there any more."""
        packed = await read_parts(self._cloud, kept)
        return None if packed is None else unpack_part(run_id, _key(kept), kept.get("state"), packed)

    def _document(self, run_id: str, key: PartKey) -> AsyncDocumentReference:
        part: AsyncDocumentReference = self._parts(run_id).document(
            document_id(_scattered(key.group), key.chain)
        )
        return part

    def _parts(self, run_id: str) -> AsyncCollectionReference:
        parts: AsyncCollectionReference = run_reference(self._cloud, run_id).collection(PARTS)
        return parts


def _scattered(group: int) -> str:
    """The group's number, its last digit first.

    Groups are read in about the order of their numbers. Names and index entries in that order would all be
    written in one place, which Firestore does no faster than one machine can.
    """
    return f"{group:06d}"[::-1]


def _key(kept: Document) -> PartKey:
    return PartKey(int(kept.get("group")[::-1]), kept.get("chain"))
