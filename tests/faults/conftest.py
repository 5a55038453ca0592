"""Local chains, made-up prices and both emulators, and in them a project of its own for each test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.emulators import EmulatorMissing
from tests.faults.outside import Outside, run_outside
from tests.faults.stage import Stage


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    try:
        with run_outside() as running:
            yield running
    except EmulatorMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest_asyncio.fixture
async def stage(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A project in which everybody has saved the wallets."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", outside.firestore)
    stage = Stage(outside, f"demo-{secrets.token_hex(6)}")
    yield stage
    await stage.close()
