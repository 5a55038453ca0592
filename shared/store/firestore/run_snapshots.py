"""The RunSnapshots port on Firestore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...core.run_ids import snapshot_id
from ...core.snapshots import Snapshot
from ..account_ports import Era
from .cloud import Cloud
from .drafts import Begun, create_all
from .parts import remove_parts
from .runs import own_run
from .snapshots import snapshot_draft, snapshot_reference


class FirestoreRunSnapshots:
    """Snapshots of many users, many in one commit."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def add_snapshots(
        self, snapshots: Sequence[Snapshot], *, of_run: str | None = None, era: Era | None = None
    ) -> int:
        need = None if of_run is None else own_run(self._cloud, of_run)
        drafts = [snapshot_draft(self._cloud, snapshot.user_id, snapshot) for snapshot in snapshots]
        if era is not None:
            owners = [Begun(snapshot.user_id, era) for snapshot in snapshots]
            drafts = [replace(draft, begun=begun) for draft, begun in zip(drafts, owners, strict=True)]
        return await create_all(self._cloud, [replace(draft, need=need) for draft in drafts])

    async def list_kept(self, run_id: str, users: Sequence[str]) -> frozenset[str]:
        asked = [snapshot_reference(self._cloud, user, snapshot_id(run_id)) for user in users]
        return frozenset([kept.get("user_id") async for kept in self._cloud.get_all(asked, ["user_id"])])

    async def remove_snapshots(self, run_id: str, users: Sequence[str]) -> None:
        asked = [snapshot_reference(self._cloud, user, snapshot_id(run_id)) for user in users]
        async for kept in self._cloud.get_all(asked, ["parts", "writing"]):
            batch = self._cloud.batch()
            remove_parts(batch, kept)
            batch.delete(kept.reference)
            await self._cloud.commit(batch)
