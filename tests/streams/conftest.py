"""A chain for all tests of a module, and the Firestore emulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.emulator import EmulatorMissing, run_emulator
from tests.streams.servers import Devnet, run_devnet


@pytest.fixture(scope="module")
def devnet() -> Iterator[Devnet]:
    with run_devnet() as devnet:
        yield devnet


@pytest.fixture(scope="module")
def firestore() -> Iterator[dict[str, str]]:
    """The settings of a server that keeps everything in the emulator."""
    try:
        with run_emulator() as address:
            yield {
                "STORE": "firestore",
                "GOOGLE_CLOUD_PROJECT": "demo-streams",
                "FIRESTORE_EMULATOR_HOST": address,
            }
    except EmulatorMissing as error:
        pytest.fail(str(error), pytrace=False)
