"""Carries messages from the Pub/Sub emulator to workers: in any order, as often as it likes, until taken."""

from __future__ import annotations

import asyncio
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import httpx

from shared.bus.ports import Topic
from shared.bus.pubsub import DEAD_LETTERS_ID, TOPIC_IDS
from tests.faults.process import Delivery

DEADLINE_SECONDS = 40.0
_MOST = 1000
Push = Callable[[Topic, Delivery], Awaitable[int]]


@dataclass(eq=False)
class Letter:
    """A message under way, and how often it is still to be taken."""

    topic: Topic
    delivery: Delivery
    ack_id: str
    copies: int = 1


class Courier:
    """The subscriptions of one project; a message is acknowledged when its last copy was taken."""

    def __init__(self, pubsub: str, project: str) -> None:
        self.letters: list[Letter] = []
        self.taken: set[str] = set()
        self.lost: list[Delivery] = []
        self.lose: Callable[[Delivery], bool] = lambda delivery: False
        self._random = Random(0)
        self._copies = (1, 1)
        self._tells_attempts = True
        self._http = httpx.AsyncClient(
            base_url=f"http://{pubsub}/v1/projects/{project}", timeout=30, trust_env=False, verify=False
        )
        self._project = project

    def shuffle(
        self, seed: int, *, least_copies: int = 1, most_copies: int = 1, tells_attempts: bool = True
    ) -> None:
        """In which order and how often messages are delivered, and whether the receiver is told."""
        self._random = Random(seed)
        self._copies = (least_copies, most_copies)
        self._tells_attempts = tells_attempts

    async def open(self) -> None:
        """Make the topics, with a subscription to each."""
        for topic_id in (*TOPIC_IDS.values(), DEAD_LETTERS_ID):
            topic = f"projects/{self._project}/topics/{topic_id}"
            (await self._http.put(f"/topics/{topic_id}")).raise_for_status()
            subscription = {"topic": topic, "ackDeadlineSeconds": 600}
            (await self._http.put(f"/subscriptions/{topic_id}", json=subscription)).raise_for_status()

    async def close(self) -> None:
        await self._http.aclose()

    async def publish(self, topic: Topic, data: str) -> str:
        """The id of a message that somebody else publishes; its data in base64."""
        body = {"messages": [{"data": data}]}
        answer = await self._http.post(f"/topics/{TOPIC_IDS[topic]}:publish", json=body)
        return str(answer.raise_for_status().json()["messageIds"][0])

    async def collect(self) -> None:
        """Take over what the topics hold."""
        for topic, topic_id in TOPIC_IDS.items():
            for ack_id, delivery in await self._pull(topic_id):
                if self.lose(delivery):
                    self.lost.append(delivery)
                    await self._acknowledge(topic, ack_id)
                else:
                    copies = self._random.randint(*self._copies)
                    told = replace(delivery, attempt=1 if self._tells_attempts else None)
                    self.letters.append(Letter(topic, told, ack_id, copies))

    async def dead_letters(self) -> list[Delivery]:
        """What is in the dead-letter topic now, and was not asked for before."""
        return [delivery for _, delivery in await self._pull(DEAD_LETTERS_ID)]

    async def round(self, push: Push, at_once: int = 1) -> int:
        """Deliver everything that is there once, in random order; how many were taken."""
        await self.collect()
        batch = [letter for letter in self.letters for _ in range(letter.copies)]
        self._random.shuffle(batch)
        taken = 0
        for start in range(0, len(batch), at_once):
            taken += sum(
                await asyncio.gather(*(self._deliver(each, push) for each in batch[start : start + at_once]))
            )
        return taken

    async def settle(self, push: Push, at_once: int = 1) -> None:
        """Deliver until nothing that is left is taken."""
        while await self.round(push, at_once):
            pass

    async def drain(
        self, push: Push, done: Callable[[], Awaitable[bool]], waiting: Callable[[], None], at_once: int
    ) -> None:
        """Deliver until it is done and nothing is left; `waiting` is called when all that is left is refused.

        Fails when that takes too long: something is stuck.
        """
        until = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < until:
            taken = await self.round(push, at_once)
            if not self.letters and not taken and await done():
                return
            if self.letters and not taken:
                waiting()
        raise AssertionError(f"stuck: {[letter.delivery.data for letter in self.letters]}")

    async def _deliver(self, letter: Letter, push: Push) -> bool:
        status = await push(letter.topic, letter.delivery)
        assert status in (0, 204, 503), f"{letter.delivery.data!r} was answered with {status}"
        if status != 204:
            attempt = letter.delivery.attempt
            letter.delivery = replace(letter.delivery, attempt=None if attempt is None else attempt + 1)
            return False
        letter.copies -= 1
        if letter.copies == 0:
            self.letters.remove(letter)
            self.taken.add(letter.delivery.id)
            await self._acknowledge(letter.topic, letter.ack_id)
        return True

    async def _pull(self, topic_id: str) -> list[tuple[str, Delivery]]:
        body = {"maxMessages": _MOST, "returnImmediately": True}
        answer = await self._http.post(f"/subscriptions/{topic_id}:pull", json=body)
        received = answer.raise_for_status().json().get("receivedMessages", [])
        return [(each["ackId"], _delivery(each["message"])) for each in received]

    async def _acknowledge(self, topic: Topic, ack_id: str) -> None:
        body = {"ackIds": [ack_id]}
        (
            await self._http.post(f"/subscriptions/{TOPIC_IDS[topic]}:acknowledge", json=body)
        ).raise_for_status()


def _delivery(message: dict[str, Any]) -> Delivery:
    return Delivery(
        id=str(message["messageId"]),
        data=b64decode(str(message.get("data", ""))),
        attributes=message.get("attributes", {}),
        published_at=str(message["publishTime"]),
        attempt=None,
    )
