"""Where a watched portfolio is shown: on a screen that is drawn anew, or as lines that stay."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from .text import format_dollars
from .watch_rows import rows_of, total_usd
from .watch_state import Watched
from .watch_view import WatchView


class Display(Protocol):
    """Shows what is watched, as often as it is asked to."""

    def show(self, watched: Watched, now: datetime) -> None:
        """What there is now."""


@contextmanager
def open_display(console: Console) -> Iterator[Display]:
    """A screen of its own where a terminal can be drawn on, which is left as it was; else lines."""
    if not (console.is_terminal and console.color_system is not None):
        yield Lines(console)
        return
    live = Live(
        console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
    )
    # A line of a log would be written across the frame.
    silence = logging.NullHandler()
    logging.getLogger().addHandler(silence)
    try:
        with live:
            yield Screen(live)
    finally:
        logging.getLogger().removeHandler(silence)


class Screen:
    """One frame, drawn over the one before."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, watched: Watched, now: datetime) -> None:
        self._live.update(WatchView(watched, now, self._live.console.height), refresh=True)


class Lines:
    """A line for everything that happens, and one for every other total."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = 0
        self._total: Decimal | None = None

    def show(self, watched: Watched, now: datetime) -> None:
        journal = watched.journal
        fresh = min(journal.number - self._shown, len(journal.lines))
        left_out = journal.number - self._shown - fresh
        if left_out:
            self._print(now, f"· {left_out:,} lines are left out")
        for at, line in islice(journal.lines, len(journal.lines) - fresh, None):
            self._print(at, f"{line.mark} {line.words}")
        self._shown = journal.number
        total = total_usd(rows_of(watched.known, watched.prices))
        if total is not None and total != self._total:
            self._print(now, f"= {format_dollars(total)} in all")
        self._total = total

    def _print(self, at: datetime, words: str) -> None:
        self._console.print(Text(f"{at:%H:%M:%S} {words}"), soft_wrap=True)
