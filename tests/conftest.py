"""What all tests share: a local chain, as it was before each test; property tests that never hurry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped]  # has no types

from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.tokens import place_multicall3
from tests.sharing import Sharing

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Raises UsageError when tests have the same id: of those, only one would be run."""
    known = Counter(item.nodeid for item in items)
    if twice := sorted(name for name, number in known.items() if number > 1):
        raise pytest.UsageError("several tests have the same id: " + ", ".join(twice))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    """What says which process is given which tests."""
    return Sharing(config, log)


@pytest.fixture(scope="session")
def _anvil() -> Iterator[Anvil]:
    with run_anvil(1) as anvil:
        place_multicall3(anvil)
        anvil.mine(3)
        yield anvil


@pytest.fixture
def anvil(_anvil: Anvil) -> Iterator[Anvil]:
    """A chain with the id 1 and Multicall3, a few blocks old; what a test changes is undone after it."""
    snapshot = _anvil.rpc("evm_snapshot")
    yield _anvil
    _anvil.rpc("evm_revert", snapshot)
