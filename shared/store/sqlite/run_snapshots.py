"""The RunSnapshots port on SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from sqlite3 import Connection

from ...core.run_ids import snapshot_id
from ...core.snapshots import Snapshot
from ..account_ports import Era
from .database import Database
from .erasures import require_era
from .runs import is_gone
from .snapshots import insert_snapshot


class SqliteRunSnapshots:
    """The table of snapshots, for many users in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_snapshots(
        self, snapshots: Sequence[Snapshot], *, of_run: str | None = None, era: Era | None = None
    ) -> int:
        return await self._database.write(partial(_add, snapshots, of_run, era))

    async def list_kept(self, run_id: str, users: Sequence[str]) -> frozenset[str]:
        return await self._database.read(partial(_kept, run_id, users))

    async def remove_snapshots(self, run_id: str, users: Sequence[str]) -> None:
        await self._database.write(partial(_remove, run_id, users))


def _add(snapshots: Sequence[Snapshot], of_run: str | None, era: Era | None, connection: Connection) -> int:
    for user in {snapshot.user_id for snapshot in snapshots}:
        require_era(user, era, connection)
    if of_run is not None and is_gone(of_run, connection):
        return 0
    return sum(insert_snapshot(snapshot.user_id, snapshot, connection) for snapshot in snapshots)


def _kept(run_id: str, users: Sequence[str], connection: Connection) -> frozenset[str]:
    query = "SELECT 1 FROM snapshots WHERE user_id = ? AND id = ?"
    own = snapshot_id(run_id)
    return frozenset(user for user in users if connection.execute(query, (user, own)).fetchone())


def _remove(run_id: str, users: Sequence[str], connection: Connection) -> None:
    own = snapshot_id(run_id)
    connection.executemany("DELETE FROM snapshots WHERE user_id = ? AND id = ?", [(u, own) for u in users])
