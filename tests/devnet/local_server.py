"""The real local server as a process of its own, with the environment that it is given and no other."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from .watchdog import watchdog

ROOT = Path(__file__).parent.parent.parent
# What a program needs to run at all. Everything else of the caller's environment stays with the caller.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV")
_START_SECONDS = 30.0


class ServerError(Exception):
    """The server cannot start; the message says what to do."""


def check_port(port: int) -> None:
    """Raises ServerError when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServerError(
                f"port {port} is not free ({error.strerror}): stop what listens there, "
                f"or choose another with `make demo PORT={port + 1}`"
            ) from error


@contextmanager
def run_server(
    port: int, variables: Mapping[str, str], watch: Callable[[int], None] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`functions.local` on the port, ready to answer; it is gone at the end, and when we are.

    `watch` is the watchdog that is told of it; without, it has one of its own.
    It runs in an empty folder, so that no `.env` is found. Raises ServerError with its last words.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environ = {**kept, **variables, "PORT": str(port), "PYTHONPATH": str(ROOT)}
    watching: AbstractContextManager[Callable[[int], None]]
    watching = watchdog() if watch is None else nullcontext(watch)
    with TemporaryDirectory(prefix="chainfolio-") as folder, watching as tell:
        log = Path(folder, "server.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "functions.local"],
                env=environ,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            tell(process.pid)
            _wait_until_ready(process, port, log)
            yield process
        finally:
            _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > until:
            words = " ".join(log.read_text(errors="replace").splitlines()[-3:])
            raise ServerError(f"the server did not start: {words or 'it said nothing'}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
