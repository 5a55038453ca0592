"""Sends recorded spans on, through OpenTelemetry's exporters, from a thread of its own.

OpenTelemetry takes a good part of a second to load. It is loaded in that thread, a while after the first
span, so that no request waits for it.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from ..spans import Span

logger = logging.getLogger(__name__)

_MOST_WAITING = 4096
_MOST_AT_ONCE = 512
_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE = 300.0
_LAST_SECONDS = 3.0


class Exporter(Protocol):
    """Who takes spans to where they are looked at."""

    def export(self, spans: Sequence[Span]) -> bool:
        """Send them; False when they could not be sent."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class SpanQueue:
    """Takes spans from any thread, and hands them to the exporter every other second.

    When more wait than fit, the oldest are given up and counted: traces may not cost memory. An exporter that
    cannot be opened is tried again, at last every five minutes.
    """

    def __init__(
        self,
        open_exporter: Callable[[], Exporter],
        *,
        pause_seconds: float = _PAUSE_SECONDS,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        self._open_exporter = open_exporter
        self._pause_seconds = pause_seconds
        self._waiting: deque[Span] = deque(maxlen=most_waiting)
        self._starting = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = 0

    def add(self, span: Span) -> None:
        """Have a finished span sent."""
        if len(self._waiting) == self._waiting.maxlen:
            self.lost += 1
        self._waiting.append(span)
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Send what waits, for a few seconds at most, and end the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_LAST_SECONDS)

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._ending.is_set():
                self._thread = threading.Thread(target=self._work, name="spans", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _work(self) -> None:
        self._ending.wait(self._pause_seconds)
        exporter = self._open()
        if exporter is None:
            self.lost += len(self._waiting)
            return
        while True:
            self._send(exporter)
            if self._ending.is_set() and not self._waiting:
                break
            self._ending.wait(self._pause_seconds)
        exporter.close()

    def _open(self) -> Exporter | None:
        """The exporter, as soon as it can be had; None when it is the end before that."""
        pause = self._pause_seconds
        while True:
            try:
                return self._open_exporter()
            except Exception as error:  # noqa: BLE001  whatever it is, it must not end the thread
                # The message of a foreign exception may hold a URL or a key.
                logger.warning("traces cannot be sent yet, which is tried again: %s", type(error).__name__)
            pause = min(2 * pause, _LONGEST_PAUSE)
            if self._ending.wait(pause):
                return None

    def _send(self, exporter: Exporter) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(_MOST_AT_ONCE, len(self._waiting)))]
            if not _export(exporter, batch):
                self.lost += len(batch)
                logger.warning("%d spans could not be sent, %d since the start", len(batch), self.lost)


def _export(exporter: Exporter, batch: Sequence[Span]) -> bool:
    try:
        return exporter.export(batch)
    except Exception as error:  # noqa: BLE001  an exporter that cannot sign in raises what its library has
        logger.warning("the exporter of traces failed: %s", type(error).__name__)
        return False
