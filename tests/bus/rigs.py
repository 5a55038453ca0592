"""A bus and what its messages are delivered to: in this process, or in another behind Pub/Sub's emulator."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx

from shared.bus.local import LocalBus
from shared.bus.ports import Bus, Message, Topic
from shared.bus.pubsub import PubSubBus
from shared.bus.redelivery import Redelivery
from shared.bus.subscription import Chance
from shared.counts import Counts
from shared.errors import NotYet
from tests.bus.parcels import Parcel
from tests.bus.topics import ATTEMPTS, make_topics

LEAST_WAIT_SECONDS = 1.0
TRACE = {"request_id": "trace-1"}


@dataclass(frozen=True)
class Delivery:
    """A message that arrived, and when by the bus's own time."""

    message: Message
    at: float

    @property
    def name(self) -> str:
        return Parcel.of(self.message.data).name


class Rig(Protocol):
    """A bus whose messages of the topic fetch-balances are kept as they arrive."""

    @property
    def bus(self) -> Bus: ...

    @property
    def counts(self) -> Counts: ...

    async def deliveries(self, number: int) -> list[Delivery]:
        """What was delivered, once there are as many."""
        ...

    async def dead_letters(self, number: int) -> list[Message]:
        """The dead letters, once there are as many."""
        ...


class Time:
    """Passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


async def turns(number: int = 20) -> None:
    """Everything that can go on without waiting has done so."""
    for _ in range(number):
        await asyncio.sleep(0)


class LocalRig:
    """The handler is in this process, and time passes at once."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._time = Time()
        self._delivered: list[Delivery] = []
        self._times: Counter[str] = Counter()
        self.bus = LocalBus(
            self.counts,
            self._time,
            trace=lambda: TRACE,
            redelivery=Redelivery(least_seconds=LEAST_WAIT_SECONDS, attempts=ATTEMPTS),
            chance=Chance(sleep=self._time.sleep),
        )
        self.bus.subscribe("fetch-balances", self._take)

    async def deliveries(self, number: int) -> list[Delivery]:
        await self.bus.drained()
        return self._delivered

    async def dead_letters(self, number: int) -> list[Message]:
        await self.bus.drained()
        return list(self.bus.dead_letters)

    async def _take(self, message: Message) -> None:
        self._delivered.append(Delivery(message, self._time.now.timestamp()))
        self._times[message.id] += 1
        if Parcel.of(message.data).refuse >= self._times[message.id]:
            raise NotYet("refused")


class PubSubRig:
    """The emulator pushes to a function that the framework serves in its own process."""

    def __init__(
        self, emulator: str, recorder: str, project: str, redelivery: Redelivery | None = None
    ) -> None:
        self.counts = Counts()
        self.bus = PubSubBus(project, self.counts, trace=lambda: TRACE, emulator_host=emulator)
        self._url = f"{recorder}/{project}"
        urls: dict[Topic, str] = {"fetch-balances": f"{self._url}/fetch-balances"}
        letters = f"{self._url}/dead-letters"
        make_topics(emulator, project, urls, dead_letters=letters, redelivery=redelivery)

    async def deliveries(self, number: int) -> list[Delivery]:
        return await self._arrived("fetch-balances", number)

    async def dead_letters(self, number: int) -> list[Message]:
        return [delivery.message for delivery in await self._arrived("dead-letters", number)]

    async def _arrived(self, box: str, number: int) -> list[Delivery]:
        async with httpx.AsyncClient(timeout=20) as client:
            answer = await client.get(f"{self._url}/{box}", params={"number": number})
        return [
            Delivery(Message(one["id"], b64decode(one["data"]), one["attributes"]), one["at"])
            for one in answer.json()
        ]
