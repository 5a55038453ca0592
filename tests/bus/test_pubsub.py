"""The bus over Pub/Sub bounds its requests, repeats them while that may help, and explains what fails."""

from __future__ import annotations

import asyncio
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import pairwise

import grpc  # type: ignore[import-untyped]  # has no types
import grpc.aio  # type: ignore[import-untyped]  # has no types
import pytest
import pytest_asyncio
from google.pubsub_v1.types import GetTopicRequest, PublishRequest, PublishResponse, Topic

from shared.bus.pubsub import REQUESTS_AT_ONCE, PubSubBus
from shared.bus.redelivery import Redelivery
from shared.counts import Counts
from shared.errors import BusUnavailable
from tests.bus.parcels import Parcel
from tests.bus.rigs import PubSubRig, turns


class FakePubSub:
    """A server that takes messages, after it has failed in the ways it was told to."""

    def __init__(self) -> None:
        self.failures: list[grpc.StatusCode] = []
        self.said = "as told"
        self.batches: list[int] = []
        self.most_at_once = 0
        self.arrived = asyncio.Event()
        self.opened = asyncio.Event()
        self.opened.set()
        self.address = ""
        self._at_once = 0

    async def get_topic(self, request: GetTopicRequest, context: grpc.aio.ServicerContext) -> Topic:
        if self.failures:
            await context.abort(self.failures[0], self.said)
        return Topic(name=request.topic)

    async def publish(self, request: PublishRequest, context: grpc.aio.ServicerContext) -> PublishResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.arrived.set()
        await self.opened.wait()
        await turns(50)  # in which whatever else was sent arrives too
        self._at_once -= 1
        if self.failures:
            await context.abort(self.failures.pop(0), self.said)
        self.batches.append(len(request.messages))
        return PublishResponse(message_ids=["1"] * len(request.messages))


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakePubSub]:
    fake, served = FakePubSub(), grpc.aio.server()
    publish = grpc.unary_unary_rpc_method_handler(
        fake.publish, PublishRequest.deserialize, PublishResponse.serialize
    )
    get_topic = grpc.unary_unary_rpc_method_handler(
        fake.get_topic, GetTopicRequest.deserialize, Topic.serialize
    )
    handler = grpc.method_handlers_generic_handler(
        "google.pubsub.v1.Publisher", {"Publish": publish, "GetTopic": get_topic}
    )
    served.add_generic_rpc_handlers((handler,))
    fake.address = f"127.0.0.1:{served.add_insecure_port('127.0.0.1:0')}"
    await served.start()
    yield fake
    await served.stop(grace=None)


@pytest_asyncio.fixture
async def bus(server: FakePubSub) -> AsyncIterator[PubSubBus]:
    opened = PubSubBus("demo", Counts(), emulator_host=server.address)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    "failure",
    [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED],
)
async def test_a_request_is_repeated_on_what_passes(
    bus: PubSubBus, server: FakePubSub, failure: grpc.StatusCode
) -> None:
    server.failures = [failure, failure]
    await bus.publish("snapshot", [b"x"])

    assert server.batches == [1]


async def test_what_does_not_pass_is_not_repeated_and_is_explained(
    bus: PubSubBus, server: FakePubSub
) -> None:
    server.failures = [grpc.StatusCode.PERMISSION_DENIED]

    with pytest.raises(BusUnavailable, match="may not publish to chainfolio-snapshot"):
        await bus.publish("snapshot", [b"x"])
    assert server.batches == []


OFF = "Cloud Pub/Sub API has not been used in project demo before or it is disabled. Enable it by visiting x"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [(OFF, "API pubsub.googleapis.com is off in project demo"), ("no", "roles/pubsub.publisher")],
)
async def test_the_operator_is_told_what_is_missing(
    bus: PubSubBus, server: FakePubSub, said: str, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.said = said
    for _ in range(2):
        server.failures = [grpc.StatusCode.PERMISSION_DENIED]
        with pytest.raises(BusUnavailable) as failed:
            await bus.publish("snapshot", [b"x"])
        assert str(failed.value) == "this service may not publish to chainfolio-snapshot"
        assert remedy in (failed.value.remedy or "")

    assert [record.getMessage() for record in caplog.records] == [failed.value.remedy]


async def test_a_bus_whose_api_is_off_is_not_ready(bus: PubSubBus, server: FakePubSub) -> None:
    server.failures = [grpc.StatusCode.PERMISSION_DENIED]
    await bus.ready()  # who may publish need not be allowed to look
    server.said = OFF

    with pytest.raises(BusUnavailable):
        await bus.ready()


async def test_few_requests_of_many_messages_are_under_way_at_once(
    bus: PubSubBus, server: FakePubSub
) -> None:
    await bus.publish("snapshot", [b"x"] * 10_000)

    assert server.batches == [500] * 20
    assert server.most_at_once == REQUESTS_AT_ONCE


async def test_closing_waits_for_what_is_being_sent(bus: PubSubBus, server: FakePubSub) -> None:
    server.opened.clear()
    publishing = asyncio.create_task(bus.publish("snapshot", [b"x"] * 5_000))
    await server.arrived.wait()
    closing = asyncio.create_task(bus.close())
    await turns(50)
    assert not closing.done()
    server.opened.set()
    await asyncio.gather(publishing, closing)

    assert sum(server.batches) == 5_000


async def test_a_server_that_never_answers_is_given_up(server: FakePubSub) -> None:
    server.opened.clear()
    bus = PubSubBus("demo", Counts(), emulator_host=server.address, patience_seconds=0.2)

    with pytest.raises(BusUnavailable, match="Pub/Sub cannot be used"):
        await bus.publish("snapshot", [b"x"])
    await bus.close()


async def test_nobody_there_is_given_up() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        bus = PubSubBus("demo", Counts(), emulator_host=host, patience_seconds=0.2)
        with pytest.raises(BusUnavailable, match="Pub/Sub cannot be used"):
            await bus.publish("snapshot", [b"x"])
        with pytest.raises(BusUnavailable, match="Pub/Sub cannot be used"):
            await bus.ready()
        await bus.close()


async def test_without_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    bus = PubSubBus("demo", Counts())

    with pytest.raises(BusUnavailable, match="DefaultCredentialsError") as failed:
        await bus.publish("snapshot", [b"x"])
    assert "GOOGLE_APPLICATION_CREDENTIALS" in (failed.value.remedy or "")
    await bus.close()


async def test_a_project_that_is_not_known_is_asked_for(pubsub: str) -> None:
    bus = PubSubBus(None, Counts(), emulator_host=pubsub)

    with pytest.raises(BusUnavailable, match="GOOGLE_CLOUD_PROJECT"):
        await bus.publish("snapshot", [b"x"])


async def test_a_topic_that_is_not_there_is_named(pubsub: str) -> None:
    bus = PubSubBus(f"empty-{secrets.token_hex(6)}", Counts(), emulator_host=pubsub)

    with pytest.raises(BusUnavailable, match="no topic chainfolio-fetch-balances") as failed:
        await bus.publish("fetch-balances", [b"x"])
    assert "make deploy" in (failed.value.remedy or "")
    with pytest.raises(BusUnavailable, match="no topic chainfolio-"):
        await bus.ready()
    await bus.close()


async def test_a_retry_policy_makes_the_waits_longer(pubsub: str, recorder: str) -> None:
    rig = PubSubRig(pubsub, recorder, f"demo-{secrets.token_hex(6)}", Redelivery(attempts=5))
    await rig.bus.publish("fetch-balances", [Parcel("late", refuse=2).pack()])
    first, second = [later.at - earlier.at for earlier, later in pairwise(await rig.deliveries(3))]

    assert second > 1.5 * first
    await rig.bus.close()


def test_googles_libraries_are_not_loaded_before_a_message_is_sent() -> None:
    code = (
        "import sys; from datetime import datetime; from shared.counts import Counts;"
        "from shared.bus.opening import open_bus; import shared.bus.events;"
        "open_bus('pubsub', 'demo', datetime.now, Counts());"
        "heavy = ('google.auth', 'google.api_core', 'google.pubsub_v1', 'grpc');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
