"""Ends processes when the one that started them is gone, even if that one was killed without warning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_PATIENCE_SECONDS = 3.0
_ALL_WELL = "all well"


@contextmanager
def watchdog() -> Iterator[Callable[[int], None]]:
    """A function that takes process ids: those are ended if we do not live to leave this block.

    The watchdog waits at the end of a pipe; the system closes the pipe whatever becomes of us.
    """
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    pipe = process.stdin.fileno()

    def watch(pid: int) -> None:
        with suppress(BrokenPipeError):
            os.write(pipe, f"{pid}\n".encode())  # one call, because threads share the pipe

    try:
        yield watch
    finally:
        process.communicate(_ALL_WELL.encode())


def main() -> None:
    """Reads process ids until the pipe closes; without a last word from the other end, ends them."""
    lines = sys.stdin.read().splitlines()
    if lines[-1:] == [_ALL_WELL]:
        return
    pids = [int(line) for line in lines]
    for pid in pids:
        _signal(pid, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and any(_signal(pid, 0) for pid in pids):
        time.sleep(0.05)
    for pid in pids:
        _signal(pid, signal.SIGKILL)


def _signal(pid: int, number: int) -> bool:
    """Whether the process was there to get it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
