"""Terraform's provider for AWS, where this machine has it: it has 700 MB, so it is not fetched for a test."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def find_mirror() -> Path | None:
    """The folder with the provider, below its host's name, as `terraform init -plugin-dir` wants it."""
    if shutil.which("terraform") is None:
        return None
    system = f"{platform.system().lower()}_{_MACHINES.get(platform.machine(), 'unknown')}"
    for folder in _folders():
        if any(folder.glob(f"*/hashicorp/aws/*/{system}/terraform-provider-aws*")):
            return folder
    return None


def _folders() -> Iterator[Path]:
    """Where Terraform looks by itself, its cache, and where mirrors are put by hand."""
    home = Path.home()
    yield home / ".terraform.d" / "plugins"
    yield Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share")) / "terraform" / "plugins"
    for shared in os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":"):
        yield Path(shared) / "terraform" / "plugins"
    yield from filter(None, [Path(os.environ.get("TF_PLUGIN_CACHE_DIR", ""))])
    yield from sorted(Path("/opt").glob("*"))
