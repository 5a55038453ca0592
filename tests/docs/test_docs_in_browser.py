"""The documentation page as a real browser shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.functions.test_local import first_lines, started
from tests.ports import free_port

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# As root (in a container) Chromium needs --no-sandbox; the others keep it from looking for its maker's hosts.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=2000",
    "--enable-logging=stderr",
)


def browser() -> str:
    """The browser that is installed; a test without one has failed, not passed."""
    found = next((path for name in _CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("Chromium is missing: install the package chromium")
    return found


def test_the_page_shows_every_endpoint_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, PORT=str(port)) as process:
        first_lines(process)
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        page = subprocess.run(
            [browser(), *_FLAGS, profile, "--dump-dom", f"http://127.0.0.1:{port}/docs"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

    assert "/api/v1/portfolio" in page.stdout
    assert "min_value_usd" in page.stdout
    assert "Content Security Policy" not in page.stderr
    assert not re.search(r"<script|\ssrc=|<link", page.stdout)
