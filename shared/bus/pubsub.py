"""A bus over Google Cloud Pub/Sub, whose push subscriptions deliver over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..counts import Counts
from ..errors import BusUnavailable
from ..refusals import Refusals, Service
from .batches import check_sizes, cut_batches
from .dead_letters import dead_letter, note_discarded
from .ports import Message, Topic

if TYPE_CHECKING:  # types only: importing Google's libraries takes longer than all else at a start
    from .cloud import Cloud

TOPIC_IDS: Mapping[Topic, str] = {
    "snapshot": "chainfolio-snapshot",
    "fetch-balances": "chainfolio-fetch-balances",
}
_SERVICE = Service("Pub/Sub", "pubsub.googleapis.com", "roles/pubsub.publisher")

DEAD_LETTERS_ID = "chainfolio-dead-letters"

REQUESTS_AT_ONCE = 4
"""What more is published meanwhile waits: at most this many batches are held by the connection."""

# An answer is due within 15 s; what takes longer than this, repetitions included, is not there.
_PATIENCE_SECONDS = 10.0


class PubSubBus:
    """Publishes; delivering is left to push subscriptions. It connects when it is first used.

    Messages of one call travel in as few requests as they fit into, so that no timer has to collect them.
    """

    def __init__(
        self,
        project: str | None,
        counts: Counts,
        *,
        trace: Callable[[], Mapping[str, str]] = dict,
        emulator_host: str | None = None,
        patience_seconds: float = _PATIENCE_SECONDS,
    ) -> None:
        self._project = project
        self._counts = counts
        self._trace = trace
        self._emulator_host = emulator_host
        self._refusals = Refusals(_SERVICE, project)
        self._patience_seconds = patience_seconds
        self._slots = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()
        self._connecting = asyncio.Lock()
        self._cloud: Cloud | None = None
        self._closed = False

    async def publish(self, topic: Topic, messages: Sequence[bytes]) -> None:
        """Returns when Pub/Sub has all the messages. Some of them may have gone out when it fails.

        Raises BusUnavailable, and ValueError for a message that is too long.
        """
        check_sizes(messages)
        await self._send_all(TOPIC_IDS[topic], list(cut_batches(messages)), dict(self._trace()))
        self._counts.add("messages_published_total", len(messages), topic=topic)

    async def discard(self, message: Message, reason: str) -> None:
        """Publish a message that nobody can act on to the dead letters. Raises BusUnavailable."""
        letter = dead_letter(message, reason)
        await self._send_all(DEAD_LETTERS_ID, [[letter.data]], letter.attributes)
        note_discarded(self._counts, message, reason)

    async def ready(self) -> None:
        """Raises BusUnavailable unless Pub/Sub answers and has the topics."""
        self._check_open()
        cloud = await self._connect()
        await asyncio.gather(*(cloud.find(topic_id) for topic_id in (*TOPIC_IDS.values(), DEAD_LETTERS_ID)))

    async def close(self) -> None:
        """Wait for what is being sent, then disconnect."""
        self._closed = True
        if self._sending:
            await asyncio.wait(self._sending)
        cloud, self._cloud = self._cloud, None
        if cloud is not None:
            await cloud.close()

    async def _send_all(
        self, topic_id: str, batches: Sequence[Sequence[bytes]], attributes: Mapping[str, str]
    ) -> None:
        self._check_open()
        sending = [asyncio.create_task(self._send(topic_id, batch, attributes)) for batch in batches]
        self._sending.update(sending)
        for task in sending:
            task.add_done_callback(self._sending.discard)
        await asyncio.gather(*sending)

    async def _send(self, topic_id: str, batch: Sequence[bytes], attributes: Mapping[str, str]) -> None:
        async with self._slots:
            cloud = await self._connect()
            await cloud.publish(topic_id, batch, attributes)

    def _check_open(self) -> None:
        if self._closed:
            raise BusUnavailable("the bus is closed")

    async def _connect(self) -> Cloud:
        async with self._connecting:
            if self._cloud is None:
                # In a thread, because loading takes half a second that other requests need not wait.
                connect = await asyncio.to_thread(_load)
                self._cloud = await connect(
                    self._project, self._emulator_host, self._refusals, self._patience_seconds
                )
            return self._cloud


def _load() -> Callable[[str | None, str | None, Refusals, float], Awaitable[Cloud]]:
    from .cloud import connect

    return connect
