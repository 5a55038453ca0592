"""The Firestore emulator: the Google Cloud SDK's own, in a process that we start and stop."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_JAR = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"


class EmulatorMissing(Exception):
    """What the emulator needs is not installed."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the Firestore emulator needs {what}: install Java 17 and the Google Cloud SDK, "
            "then `gcloud components install cloud-firestore-emulator`"
        )


class EmulatorFailed(Exception):
    """The emulator did not start."""


@contextmanager
def run_emulator() -> Iterator[str]:
    """The `host:port` of an empty emulator, which is gone at the end.

    The program itself is started, because stopping gcloud's wrapper would leave it running.
    """
    java = shutil.which("java")
    if java is None:
        raise EmulatorMissing("java")
    jar, port = _find_jar(), _free_port()
    command = [java, "-Xmx1g", "-cp", str(jar), _MAIN, "--host=127.0.0.1", f"--port={port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _wait_until_it_runs(process)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(timeout=10)


def _find_jar() -> Path:
    """gcloud's link tells where the SDK is; where it is a script elsewhere, gcloud itself does."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise EmulatorMissing("gcloud")
    beside = Path(gcloud).resolve().parent.parent / _JAR
    if beside.exists():
        return beside
    command = [gcloud, "info", "--format=value(installation.sdk_root)"]
    root = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if not (Path(root) / _JAR).exists():
        raise EmulatorMissing("its component of the SDK")
    return Path(root) / _JAR


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_runs(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "is now running" in line:
            threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
            return
    process.stdout.close()
    raise EmulatorFailed("the Firestore emulator did not start: " + " ".join("".join(lines[-3:]).split()))


def _drain(lines: IO[str]) -> None:
    """The emulator writes to its log, and would stop when nobody reads it."""
    with lines:
        for _ in lines:
            pass
