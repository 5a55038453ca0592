"""A client of an event stream, in-process: reads when it wants to, leaves when it wants to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.web.app import App
from shared.wiring import Context

_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class Event:
    """An event as a client has it; `data` is what the JSON says."""

    name: str
    data: Any
    id: str | None = None
    retry: int | None = None


def parse_event(text: str) -> Event:
    """The event of a block of lines."""
    fields = dict(line.split(": ", 1) for line in text.strip("\n").split("\n"))
    retry = int(fields["retry"]) if "retry" in fields else None
    return Event(fields["event"], json.loads(fields["data"]), fields.get("id"), retry)


@dataclass
class Listener:
    """One connection to an app. While it is `holding`, its socket takes nothing more."""

    app: App[Context]
    path: str
    last_id: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 0
    ended: bool = False

    def __post_init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._answered = asyncio.Event()
        self._takes = asyncio.Event()
        self._takes.set()
        self._task = asyncio.create_task(self._listen())

    async def answered(self) -> int:
        """The status, once there is one."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._answered.wait()
        return self.status

    async def next(self, *names: str) -> Event:
        """The next event, or the next with one of these names."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                event = await self._events.get()
                self.last_id = event.id or self.last_id
                if not names or event.name in names:
                    return event

    def hold(self) -> None:
        """Take nothing more."""
        self._takes.clear()

    def go_on(self) -> None:
        self._takes.set()

    async def leave(self) -> None:
        """Close the connection, and wait until the app has noticed."""
        self._gone.set()
        self._takes.set()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await self._task

    async def _listen(self) -> None:
        path, _, query = self.path.partition("?")
        sent = {"last-event-id": self.last_id} if self.last_id is not None else {}
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(n.encode(), v.encode()) for n, v in {**sent, **self.headers}.items()],
            "client": ("127.0.0.1", 1),
        }
        await self.app(scope, self._receive, self._send)

    async def _receive(self) -> MutableMapping[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self._takes.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._answered.set()
        elif not message.get("more_body", False):
            self.ended = True
        elif self.status == 200:
            self._events.put_nowait(parse_event(message["body"].decode()))


@asynccontextmanager
async def listening(
    app: App[Context], path: str, last_id: str | None = None, **headers: str
) -> AsyncIterator[Listener]:
    """A listener that leaves at the end."""
    listener = Listener(app, path, last_id, headers)
    try:
        yield listener
    finally:
        await listener.leave()
