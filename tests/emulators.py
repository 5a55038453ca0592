"""Emulators of the Google Cloud SDK, in processes that we start and stop."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.ports import free_port

# It lives for a minute or two: code that is compiled best, and memory that is tidied aside, would not pay.
_BRIEF = ("-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


@dataclass(frozen=True)
class Emulator:
    """One of them: the SDK's component, the jar in it, how it is started, and what it says when it runs."""

    name: str
    component: str
    jar: str
    start: tuple[str, ...]
    running: str


class EmulatorMissing(Exception):
    """What the emulator needs is not installed."""

    def __init__(self, emulator: Emulator, what: str) -> None:
        super().__init__(
            f"the {emulator.name} emulator needs {what}: install Java 17 and the Google Cloud SDK, "
            f"then `gcloud components install {emulator.component}`"
        )


class EmulatorFailed(Exception):
    """The emulator did not start."""


@contextmanager
def run(emulator: Emulator) -> Iterator[str]:
    """The `host:port` of an empty emulator, which is gone at the end.

    The program itself is started, because stopping gcloud's wrapper would leave it running.
    """
    java = shutil.which("java")
    if java is None:
        raise EmulatorMissing(emulator, "java")
    jar, port = _find_jar(emulator), free_port()
    start = [part.format(jar=jar) for part in emulator.start]
    command = [java, *_BRIEF, *start, "--host=127.0.0.1", f"--port={port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _wait_until_it_runs(emulator, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(timeout=10)


def _find_jar(emulator: Emulator) -> Path:
    """gcloud's link tells where the SDK is; where it is a script elsewhere, gcloud itself does."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise EmulatorMissing(emulator, "gcloud")
    beside = _jars(Path(gcloud).resolve().parent.parent, emulator)
    if beside:
        return beside[0]
    command = [gcloud, "info", "--format=value(installation.sdk_root)"]
    root = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    jars = _jars(Path(root), emulator)
    if not jars:
        raise EmulatorMissing(emulator, "its component of the SDK")
    return jars[0]


def _jars(root: Path, emulator: Emulator) -> list[Path]:
    return sorted((root / "platform").glob(emulator.jar))


def _wait_until_it_runs(emulator: Emulator, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if emulator.running in line:
            threading.Thread(target=_drain, args=(process.stdout,), daemon=True).start()
            return
    process.stdout.close()
    said = " ".join("".join(lines[-3:]).split())
    raise EmulatorFailed(f"the {emulator.name} emulator did not start: {said}")


def _drain(lines: IO[str]) -> None:
    """The emulator writes to its log, and would stop when nobody reads it."""
    with lines:
        for _ in lines:
            pass
