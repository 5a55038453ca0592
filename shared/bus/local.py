"""A bus inside of the process, as inconvenient as Pub/Sub on purpose.

Messages come at least once and in any order, and again until they are acknowledged or worn out.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import Context
from datetime import datetime
from functools import partial
from uuid import uuid4

from ..counts import Counts
from ..errors import BusUnavailable
from .batches import check_sizes
from .dead_letters import dead_letter, note_discarded, note_worn_out
from .ports import Handler, Message, Topic
from .redelivery import Redelivery
from .subscription import Chance, Limits, Subscription

_KEPT_DEAD_LETTERS = 100
_REDELIVERY = Redelivery()
_LIMITS = Limits()
_CHANCE = Chance()
_CLOSED = "the bus is closed"

_log = logging.getLogger(__name__)


class LocalBus:
    """Delivers to the handlers that subscribed in this process.

    A handler that publishes to its own topic does not wait for room, which it would take up itself;
    topics must not publish to each other in a circle.
    """

    def __init__(
        self,
        counts: Counts,
        clock: Callable[[], datetime],
        *,
        trace: Callable[[], Mapping[str, str]] = dict,
        redelivery: Redelivery = _REDELIVERY,
        limits: Limits = _LIMITS,
        chance: Chance = _CHANCE,
    ) -> None:
        self._counts = counts
        self._clock = clock
        self._trace = trace
        self._redelivery = redelivery
        self._limits = limits
        self._chance = chance
        self._subscriptions: dict[Topic, Subscription] = {}
        self._company: set[asyncio.Task[None]] = set()
        self._closed = False
        self.dead_letters: deque[Message] = deque(maxlen=_KEPT_DEAD_LETTERS)
        """The last messages that nobody could act on, with the reason among their attributes."""

    def subscribe(self, topic: Topic, handler: Handler) -> None:
        """Messages of the topic go to this handler."""
        wear_out = partial(self._wear_out, topic)
        self._subscriptions[topic] = Subscription(
            topic, handler, self._redelivery, self._limits, self._chance, wear_out
        )

    def accompany(self, work: Coroutine[object, None, None]) -> None:
        """Have this done beside the deliveries, until it ends or the bus is closed."""
        # Of its own context: it is nobody's request.
        task = asyncio.create_task(work, context=Context())
        self._company.add(task)
        task.add_done_callback(_tell_why)

    async def publish(self, topic: Topic, messages: Sequence[bytes]) -> None:
        """Take the messages for delivery, waiting while there is no room for them.

        Raises BusUnavailable, and ValueError for a message that is too long.
        """
        subscription = self._subscription(topic)
        check_sizes(messages)
        attributes = dict(self._trace())
        for data in messages:
            await subscription.wait_for_room()
            if self._closed:
                raise BusUnavailable(_CLOSED)
            message = Message(uuid4().hex, data, attributes, published_at=self._clock())
            self._counts.add("messages_published_total", topic=topic)
            subscription.take(message)

    async def discard(self, message: Message, reason: str) -> None:
        """Keep a message that nobody can act on among the dead letters."""
        self.dead_letters.append(dead_letter(message, reason))
        note_discarded(self._counts, message, reason)

    async def ready(self) -> None:
        """Raises BusUnavailable after it was closed."""
        if self._closed:
            raise BusUnavailable(_CLOSED)

    async def drained(self) -> None:
        """Returns when every message was acknowledged or is a dead letter."""
        while waiting_for := [one for one in self._subscriptions.values() if one.held]:
            await waiting_for[0].empty.wait()

    async def close(self) -> None:
        """Let running handlers finish within the grace; what is left is given up, and said so."""
        self._closed = True
        for task in self._company:
            task.cancel()
        if self._company:
            await asyncio.wait(self._company)
        for subscription in self._subscriptions.values():
            await subscription.close()
            if subscription.held:
                _log.warning("%d messages of %s were not delivered", subscription.held, subscription.topic)

    def _subscription(self, topic: Topic) -> Subscription:
        if self._closed:
            raise BusUnavailable(_CLOSED)
        if topic not in self._subscriptions:
            raise BusUnavailable(
                f"no function in this process takes messages of {topic}: start all of them together "
                "with `make run`, or set BUS=pubsub"
            )
        return self._subscriptions[topic]

    def _wear_out(self, topic: Topic, message: Message) -> None:
        self.dead_letters.append(dead_letter(message, f"not acknowledged in {message.attempt} attempts"))
        note_worn_out(self._counts, message, topic)


def _tell_why(task: asyncio.Task[None]) -> None:
    """Say it when work beside the deliveries fails: nobody waits for it."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("what is done beside the deliveries has failed", exc_info=error)
