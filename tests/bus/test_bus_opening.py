"""The setting BUS chooses between the buses."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.bus.local import LocalBus
from shared.bus.opening import BusOnDemand, open_bus
from shared.bus.pubsub import PubSubBus
from shared.counts import Counts
from shared.errors import BusUnavailable, ConfigError


def clock() -> datetime:
    return datetime(2026, 11, 21, tzinfo=UTC)


def test_each_name_opens_its_bus() -> None:
    assert isinstance(open_bus("local", None, clock, Counts()), LocalBus)
    assert isinstance(open_bus("pubsub", "demo", clock, Counts()), PubSubBus)


def test_another_name_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^BUS: must be local or pubsub$"):
        open_bus("kafka", None, clock, Counts())


async def test_a_bus_that_nobody_needs_is_never_opened() -> None:
    opened: list[LocalBus] = []

    def open_it() -> LocalBus:
        opened.append(LocalBus(Counts(), clock))
        return opened[-1]

    bus = BusOnDemand(open_it)
    await bus.close()
    assert opened == []

    assert bus.get() is bus.get() is opened[0]
    await bus.close()
    with pytest.raises(BusUnavailable):
        await opened[0].ready()
