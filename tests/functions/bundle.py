"""A function as it is deployed: main.py and shared/ side by side, run by the real framework."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
# What a program needs to run at all; the rest of the caller's environment stays with the caller.
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
_START_SECONDS = 60.0
HELLO = '''"""The least that the framework can serve."""

import functions_framework.aio


@functions_framework.aio.http
async def hello(request):
    return "Hello, world"
'''


def make_bundle(function: str, folder: Path) -> Path:
    """The folder with what is deployed for a function."""
    shutil.copy(ROOT / "functions" / function / "main.py", folder / "main.py")
    shutil.copytree(ROOT / "shared", folder / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def make_hello(folder: Path) -> Path:
    """A folder with a hello-world function."""
    (folder / "main.py").write_text(HELLO)
    return folder


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """These variables and what a program needs to run."""
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **variables}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serve_bundle(
    folder: Path,
    target: str,
    variables: Mapping[str, str],
    *,
    path: str = "/",
    log: Path | None = None,
    python: str = sys.executable,
) -> Iterator[int]:
    """The port of the production server running the bundle, once `path` answers 200."""
    port = free_port()
    where = ("--host", "127.0.0.1", "--port", str(port))
    with (log or Path(os.devnull)).open("wb") as output:
        process = subprocess.Popen(
            [python, "-m", "functions_framework", "--target", target, "--source", "main.py", *where],
            cwd=folder,
            env=environment(variables),
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, port, path)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=40)


def _wait(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while fetch_status(port, path) != 200:
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the server did not answer 200 on {path}")
        time.sleep(0.005)


def fetch_status(port: int, path: str) -> int | None:
    """The status of a GET, or None while nobody listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        return None
    else:
        return answer.status
    finally:
        connection.close()
