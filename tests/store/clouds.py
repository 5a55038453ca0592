"""Connections to Firestore that break in ways of their own."""

from __future__ import annotations

from google.cloud.firestore import AsyncWriteBatch

from shared.errors import StoreUnavailable
from tests.store.conftest import IndexedCloud


class Crash(BaseException):
    """The process is gone."""


class CrashingCloud(IndexedCloud):
    """Its process is gone after so many commits: no further one reaches the database."""

    def __init__(self, project: str, commits: int) -> None:
        super().__init__(project)
        self._left = commits

    async def commit(self, batch: AsyncWriteBatch) -> None:
        if self._left == 0:
            raise Crash
        self._left -= 1
        await super().commit(batch)


class DeafCloud(IndexedCloud):
    """Its commits arrive, their answers do not."""

    async def commit(self, batch: AsyncWriteBatch) -> None:
        await super().commit(batch)
        raise StoreUnavailable("no answer")


class RepeatingCloud(IndexedCloud):
    """Sends every commit twice, as Google's library does when an answer is lost, and hears the second one."""

    async def commit(self, batch: AsyncWriteBatch) -> None:
        writes = list(batch._write_pbs)
        await super().commit(batch)
        batch._write_pbs = writes
        batch.write_results = None
        await super().commit(batch)
