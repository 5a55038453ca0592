"""The Firestore emulator."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tests.emulators import Emulator, EmulatorMissing, run

__all__ = ["EmulatorMissing", "run_emulator"]

_FIRESTORE = Emulator(
    name="Firestore",
    component="cloud-firestore-emulator",
    jar="cloud-firestore-emulator/cloud-firestore-emulator.jar",
    start=("-cp", "{jar}", "com.google.cloud.datastore.emulator.firestore.CloudFirestore"),
    running="is now running",
)


def run_emulator() -> AbstractContextManager[str]:
    """The `host:port` of an empty emulator, which is gone at the end."""
    return run(_FIRESTORE)
