"""Both triggered functions, in a process that dies after a call when a file says so.

The file `die` in the folder FAULTS holds after how many calls from then on; the process removes it, and dies
as one that is killed. `later` holds how many seconds its clock is ahead.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from shared.api.app import build_app
from shared.api.tracing import trace
from shared.config import Settings
from shared.wiring import Context, open_context
from tests.faults.process import ROUTES, Fate, fated_context


class Killing(Fate):
    """Counts the calls that were made since the file came."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._left: int | None = None

    async def before(self, call: str, args: Sequence[object]) -> None:
        """Whatever was done in between is counted with the next call."""

    async def after(self, call: str) -> None:
        if not self._file.exists():
            self._left = None
            return
        self._left = (int(self._file.read_text()) if self._left is None else self._left) - 1
        if self._left == 0:
            self._file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def open_faulty() -> Context:
    faults = Path(os.environ["FAULTS"])

    def clock() -> datetime:
        later = faults / "later"
        return datetime.now(UTC) + timedelta(seconds=int(later.read_text()) if later.exists() else 0)

    context = replace(open_context(settings, trace), clock=clock)
    return fated_context(context, Killing(faults / "die"))


settings = Settings.from_env()
app = build_app("faulty", ROUTES, settings, open_faulty)


@functions_framework.aio.http  # type: ignore[arg-type]  # an ASGI app is an answer too: it is run
async def faulty(_request: Request) -> ASGIApp:
    return app
