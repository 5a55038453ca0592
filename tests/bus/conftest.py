"""Every contract test runs in one process, and over the Pub/Sub emulator with the framework's server."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.bus.emulator import EmulatorMissing, run_pubsub
from tests.bus.rigs import LocalRig, PubSubRig, Rig
from tests.functions.bundle import ROOT, serve_bundle


@pytest.fixture(scope="session")
def pubsub() -> Iterator[str]:
    """The emulator's address."""
    try:
        with run_pubsub() as address:
            yield address
    except EmulatorMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def recorder() -> Iterator[str]:
    """The address of the function that keeps what it is sent."""
    folder = Path(__file__).parent / "recorder"
    with serve_bundle(folder, "recorder", {"PYTHONPATH": str(ROOT)}, path="/healthz") as port:
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture(params=["local", "pubsub"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    if request.param == "local":
        opened: Rig = LocalRig()
    else:
        pubsub, recorder = request.getfixturevalue("pubsub"), request.getfixturevalue("recorder")
        opened = PubSubRig(pubsub, recorder, f"demo-{secrets.token_hex(6)}")
    yield opened
    await opened.bus.close()
