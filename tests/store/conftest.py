"""Every contract test runs on the fake, on SQLite in a file and in memory, and on the Firestore emulator."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from google.cloud.firestore import AsyncQuery

from shared.store.firestore.cloud import Cloud, Document
from shared.store.firestore.opening import store_in
from shared.store.opening import open_store
from shared.store.ports import Store
from tests.store.emulator import EmulatorMissing, run_emulator
from tests.store.fakes import fake_store
from tests.store.indexes import require_index
from tests.store.samples import Clock


class IndexedCloud(Cloud):
    """Refuses queries as the real Firestore does: those that have no declared index."""

    async def select(self, query: AsyncQuery, at: datetime | None = None) -> list[Document]:
        require_index(query._to_protobuf())
        return await super().select(query, at)

    async def count(self, query: AsyncQuery) -> int:
        require_index(query._to_protobuf())
        return await super().count(query)


@pytest.fixture(scope="session")
def _emulator() -> Iterator[str]:
    try:
        with run_emulator() as address:
            yield address
    except EmulatorMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def emulator(_emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The emulator's address, known to Google's library."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", _emulator)
    return _emulator


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cloud(emulator: str) -> IndexedCloud:
    """A database of its own for each test; the store over it closes it."""
    return IndexedCloud(f"demo-{secrets.token_hex(6)}")


@pytest_asyncio.fixture(params=["fake", "sqlite", "memory", "firestore"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    if request.param == "fake":
        opened = fake_store(clock)
    elif request.param == "firestore":
        opened = store_in(request.getfixturevalue("cloud"), clock)
    else:
        path = ":memory:" if request.param == "memory" else tmp_path / "store.db"
        opened = open_store(f"sqlite:{path}", None, clock)
    yield opened
    await opened.close()
