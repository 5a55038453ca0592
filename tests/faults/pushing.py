"""Push subscriptions to a relay, and beside each topic a subscription that sees all that is published."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping

import httpx

from shared.bus.ports import Topic
from shared.bus.pubsub import DEAD_LETTERS_ID, TOPIC_IDS
from tests.faults.process import Delivery

DEADLINE_SECONDS = 45.0


class Pushing:
    """The topics of a project; every message is pushed to the relay until it is acknowledged."""

    def __init__(self, pubsub: str, project: str, relay: str) -> None:
        self.published: dict[str, Topic] = {}
        self._project = project
        self._relay = relay
        self._http = httpx.AsyncClient(
            base_url=f"http://{pubsub}/v1/projects/{project}", timeout=30, trust_env=False, verify=False
        )

    async def open(self) -> None:
        """Make the topics anew, with nothing in them."""
        for topic_id in (*TOPIC_IDS.values(), DEAD_LETTERS_ID):
            await self._http.put(f"/topics/{topic_id}")
            await self._subscribe(topic_id, f"seen-{topic_id}")
        for topic, topic_id in TOPIC_IDS.items():
            push = {"pushConfig": {"pushEndpoint": f"{self._relay}/{topic}"}}
            await self._subscribe(topic_id, f"push-{topic_id}", **push)

    async def close(self) -> None:
        """Push nothing any more."""
        for topic_id in TOPIC_IDS.values():
            await self._http.delete(f"/subscriptions/push-{topic_id}")
        await self._http.aclose()

    async def publish(self, topic: Topic, data: bytes, attributes: Mapping[str, str] | None = None) -> str:
        """The id of the message."""
        message = {"data": b64encode(data).decode(), "attributes": attributes or {"from": "a test"}}
        path = f"/topics/{TOPIC_IDS[topic]}:publish"
        answer = await self._http.post(path, json={"messages": [message]})
        return str(answer.raise_for_status().json()["messageIds"][0])

    async def settled(
        self, acknowledged: Callable[[], set[str]], done: Callable[[], Awaitable[bool]]
    ) -> None:
        """Returns when it is done and all that was published is acknowledged; fails when it is stuck."""
        until = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < until:
            is_done = await done()  # before looking at the topics: nothing is published afterwards
            for topic, topic_id in TOPIC_IDS.items():
                self.published |= {each.id: topic for each in await self._seen(topic_id)}
            if is_done and self.published.keys() <= acknowledged():
                return
        raise AssertionError(f"not acknowledged: {self.published.keys() - acknowledged()}")

    async def dead_letters(self) -> list[Delivery]:
        """Those that were not asked for before."""
        return await self._seen(DEAD_LETTERS_ID)

    async def _seen(self, topic_id: str) -> list[Delivery]:
        path, body = f"/subscriptions/seen-{topic_id}", {"maxMessages": 1000, "returnImmediately": True}
        answer = (await self._http.post(f"{path}:pull", json=body)).raise_for_status()
        received = answer.json().get("receivedMessages", [])
        if received:
            await self._http.post(
                f"{path}:acknowledge", json={"ackIds": [each["ackId"] for each in received]}
            )
        return [
            Delivery(
                message["messageId"],
                b64decode(message.get("data", "")),
                message.get("attributes", {}),
                message["publishTime"],
                None,
            )
            for message in (each["message"] for each in received)
        ]

    async def _subscribe(self, topic_id: str, name: str, **more: object) -> None:
        await self._http.delete(f"/subscriptions/{name}")
        topic = f"projects/{self._project}/topics/{topic_id}"
        body = {"topic": topic, "ackDeadlineSeconds": 60, **more}
        (await self._http.put(f"/subscriptions/{name}", json=body)).raise_for_status()
