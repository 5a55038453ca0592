"""Opens the bus that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ..counts import Counts
from ..errors import ConfigError
from .ports import Bus


def open_bus(
    name: str,
    project: str | None,
    clock: Callable[[], datetime],
    counts: Counts,
    *,
    trace: Callable[[], Mapping[str, str]] = dict,
    emulator_host: str | None = None,
) -> Bus:
    """The bus of `local` or `pubsub`; nothing connects before it is used.

    `project` is the Google Cloud project of Pub/Sub, None for the surroundings' own; `trace` are the
    attributes of a message that is published now. Raises ConfigError for another name.
    """
    if name == "local":
        from .local import LocalBus

        return LocalBus(counts, clock, trace=trace)
    if name == "pubsub":
        from .pubsub import PubSubBus

        return PubSubBus(project, counts, trace=trace, emulator_host=emulator_host)
    raise ConfigError("BUS: must be local or pubsub")


class BusOnDemand:
    """A bus that is opened when it is first needed: most functions need none."""

    def __init__(self, open_it: Callable[[], Bus]) -> None:
        self._open = open_it
        self._bus: Bus | None = None

    def get(self) -> Bus:
        """The bus, opened by now."""
        if self._bus is None:
            self._bus = self._open()
        return self._bus

    async def close(self) -> None:
        """Close it if it was opened."""
        bus, self._bus = self._bus, None
        if bus is not None:
            await bus.close()
