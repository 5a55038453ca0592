"""The messages of one topic on their way to its handler, in this process."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar
from dataclasses import dataclass, replace
from functools import partial

from ..errors import Unavailable
from .ports import Handler, Message, Topic
from .redelivery import Redelivery

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is under way at once, for each topic."""

    concurrency: int = 16
    """Handlers that run at the same time."""
    room: int = 10_000
    """Messages that are not acknowledged yet; then publishing waits."""
    grace_seconds: float = 8.0
    """How long handlers may still run when the bus is closed."""


@dataclass(frozen=True, slots=True)
class Chance:
    """Waiting and randomness, which tests have under control."""

    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    random: Callable[[], float] = random.random
    """From 0 to below 1: which message is next, and how long a wait is."""
    repeats: Callable[[], int] = lambda: 1
    """How often a message is delivered although it is acknowledged: rehearses at-least-once delivery."""


_delivering: ContextVar[Subscription | None] = ContextVar("delivering", default=None)


class Subscription:
    """The messages that are not acknowledged: waiting, with the handler, or resting until a retry."""

    def __init__(
        self,
        topic: Topic,
        handler: Handler,
        redelivery: Redelivery,
        limits: Limits,
        chance: Chance,
        wear_out: Callable[[Message], None],
    ) -> None:
        self.topic = topic
        self.held = 0
        """Messages that are not acknowledged."""
        self.empty = asyncio.Event()
        self._handler = handler
        self._redelivery = redelivery
        self._limits = limits
        self._chance = chance
        self._wear_out = wear_out
        self._room = asyncio.Event()
        self._waiting: list[Message] = []
        self._running: set[asyncio.Task[None]] = set()
        self._resting: set[asyncio.Task[None]] = set()
        self._closed = False
        self._hold(0)

    async def wait_for_room(self) -> None:
        """Returns when another message may be taken, or the subscription is closed."""
        if _delivering.get() is not self:
            while self.held >= self._limits.room and not self._closed:
                await self._room.wait()

    def take(self, message: Message) -> None:
        """Deliver this message until it is acknowledged or worn out."""
        for _ in range(self._chance.repeats()):
            self._hold(1)
            self._waiting.append(replace(message, attempt=1))
        self._start()

    async def close(self) -> None:
        """Let running handlers finish within the grace; `held` is then what was not acknowledged."""
        self._closed = True
        self._room.set()
        for resting in self._resting:
            resting.cancel()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=self._limits.grace_seconds)
            for task in late:
                task.cancel()
        if unfinished := self._running | self._resting:
            await asyncio.wait(unfinished)

    def _hold(self, number: int) -> None:
        self.held += number
        _signal(self.empty, self.held == 0)
        _signal(self._room, self.held < self._limits.room)

    def _start(self) -> None:
        """Hand out waiting messages, any of them first, as long as there are handlers to spare."""
        while self._waiting and len(self._running) < self._limits.concurrency and not self._closed:
            chosen = int(self._chance.random() * len(self._waiting))
            self._waiting[chosen], self._waiting[-1] = self._waiting[-1], self._waiting[chosen]
            message = self._waiting.pop()
            # Of its own context: a delivery is nobody's request.
            task = asyncio.create_task(self._deliver(message), context=Context())
            self._running.add(task)
            task.add_done_callback(partial(self._settle, message))

    async def _deliver(self, message: Message) -> None:
        _delivering.set(self)
        await self._handler(message)

    def _settle(self, message: Message, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelling() and task.cancelled():
            # The event loop ends: what would be begun in it now would never be over.
            self._waiting.append(message)
            return
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            self._hold(-1)
        elif not self._closed:
            self._retry(message, error)
        self._start()

    def _retry(self, message: Message, error: BaseException) -> None:
        attempt = message.attempt or 1
        expected = isinstance(error, Unavailable)
        _log.log(
            logging.INFO if expected else logging.ERROR,
            "message %s of %s was not acknowledged, attempt %d: %s",
            *(message.id, self.topic, attempt, error),
            exc_info=None if expected else error,
        )
        if attempt >= self._redelivery.attempts:
            self._wear_out(message)
            self._hold(-1)
            return
        task = asyncio.create_task(self._rest(replace(message, attempt=attempt + 1)), context=Context())
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)

    async def _rest(self, message: Message) -> None:
        await self._chance.sleep(
            self._redelivery.wait_after((message.attempt or 1) - 1, self._chance.random())
        )
        self._waiting.append(message)
        self._start()


def _signal(event: asyncio.Event, is_on: bool) -> None:
    (event.set if is_on else event.clear)()
