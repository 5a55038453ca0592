"""The delivery's tools, which have an environment of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
_TOOLS = ROOT / ".venv-delivery" / "bin"


def tool(name: str) -> str:
    """The path of a tool; fails the test that needs one that is not there."""
    path = _TOOLS / name
    if not path.exists():
        pytest.fail(f"{name} is not set up: run make .venv-delivery/ready", pytrace=False)
    return str(path)


def place_program(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program on the PATH, before all others."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)
    if not os.environ["PATH"].startswith(str(folder)):
        monkeypatch.setenv("PATH", str(folder), prepend=":")
