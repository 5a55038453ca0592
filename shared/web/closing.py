"""Closing: says that this process has been asked to end, so that long answers end themselves."""

from __future__ import annotations

import asyncio
import signal
import threading
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Closing:
    """Set by the first SIGTERM or SIGINT after `listen`, and never unset.

    A server waits for open answers before it ends, and an event stream would keep it waiting until the
    platform kills it, which its client sees as a broken connection.
    """

    __slots__ = ("_event", "_listening")

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None
        self._listening = False

    @property
    def is_set(self) -> bool:
        return self._event is not None and self._event.is_set()

    def set(self) -> None:
        """End what waits. To be called in the loop's thread."""
        self._asked().set()

    async def wait(self) -> None:
        """Returns when the process is to end."""
        await self._asked().wait()

    def listen(self) -> None:
        """Hear of the server's signals, too; to be called in the running loop, as often as one likes.

        Only a server's own way of ending is joined: where nobody handles SIGTERM, it ends the process.
        """
        if self._listening or threading.current_thread() is not threading.main_thread():
            return
        self._listening = True
        self._asked()
        if callable(signal.getsignal(signal.SIGTERM)):
            for number in _SIGNALS:
                self._join(number, asyncio.get_running_loop())

    def _join(self, number: signal.Signals, loop: asyncio.AbstractEventLoop) -> None:
        others = signal.getsignal(number)
        if not callable(others):
            return

        def tell(received: int, frame: FrameType | None) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self.set)
            others(received, frame)

        signal.signal(number, tell)

    def _asked(self) -> asyncio.Event:
        if self._event is None:
            self._event = asyncio.Event()
        return self._event
