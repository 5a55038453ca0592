"""A function as it is deployed: its bundle unpacked, its pins installed, run by the real framework."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from io import BytesIO
from pathlib import Path

from infra.terraform.bundle import bundle_files, pack
from tests.functions.questions import Question
from tests.ports import free_port

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
    """The folder, with the function's bundle unpacked in it."""
    with zipfile.ZipFile(BytesIO(pack(bundle_files(function)))) as bundle:
        bundle.extractall(folder)
    return folder


def install(requirements: Path, folder: Path) -> str:
    """The Python of a new environment in the folder that has these pins and nothing else, compiled.

    Raises CalledProcessError when they cannot be had, or do not go together.
    """
    uv, python = str(Path(sys.executable).parent / "uv"), str(folder / "bin" / "python")
    install = [
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--require-hashes",
        "--compile-bytecode",
        "-r",
    ]
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(folder)],
        [*install, str(requirements)],
        ["pip", "check", "--quiet", "--python", python],
    ):
        subprocess.run([uv, *command], check=True)
    return python


def make_hello(folder: Path) -> Path:
    """A folder with a hello-world function."""
    (folder / "main.py").write_text(HELLO)
    return folder


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """These variables and what a program needs to run."""
    return {**{name: os.environ[name] for name in _KEPT if name in os.environ}, **variables}


@contextmanager
def serve_bundle(
    folder: Path,
    target: str,
    variables: Mapping[str, str],
    *,
    path: str = "/",
    first: Question | None = None,
    log: Path | None = None,
    python: str = sys.executable,
) -> Iterator[int]:
    """The port of the production server running the bundle, once it answers `first`: a GET of the path."""
    port = free_port()
    platform = {"FUNCTION_TARGET": target, "FUNCTION_SIGNATURE_TYPE": "http", "PORT": str(port)}
    with (log or Path(os.devnull)).open("wb") as output:
        process = subprocess.Popen(
            [str(Path(python).parent / "functions-framework")],
            cwd=folder,
            env=environment({**variables, **platform, "HOST": "127.0.0.1"}),
            stdout=output,
            stderr=output,
        )
    try:
        _wait(process, port, first or Question("GET", path))
        yield port
    finally:
        process.terminate()
        process.wait(timeout=40)


def _wait(process: subprocess.Popen[bytes], port: int, question: Question) -> None:
    until = time.monotonic() + _START_SECONDS
    while (status := fetch_status(port, question)) != question.status:
        if status is not None or process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the server answered {status} to {question}")
        time.sleep(0.005)


def fetch_status(port: int, question: Question) -> int | None:
    """The status of the answer, or None while nobody listens."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(question.method, question.path, question.body, question.headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, HTTPException):
        return None
    else:
        return answer.status
    finally:
        connection.close()
