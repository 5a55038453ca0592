"""What a process has loaded by the time it serves is out of the collector's way."""

import gc
from collections.abc import Iterator

import pytest

from shared.api.app import create_app
from shared.api.portfolio_routes import ROUTES


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_the_collector_does_not_walk_through_what_was_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K_SERVICE", raising=False)
    before = gc.get_freeze_count()

    create_app("portfolio", ROUTES)

    assert gc.get_freeze_count() > before + 10_000
