"""The Pub/Sub emulator."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tests.emulators import Emulator, EmulatorMissing, run

__all__ = ["EmulatorMissing", "run_pubsub"]

_PUBSUB = Emulator(
    name="Pub/Sub",
    component="pubsub-emulator",
    jar="pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar",
    start=("-jar", "{jar}"),
    running="Server started",
)


def run_pubsub() -> AbstractContextManager[str]:
    """The `host:port` of an empty emulator, which is gone at the end."""
    return run(_PUBSUB)
