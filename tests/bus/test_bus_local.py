"""The bus inside of the process is as inconvenient as Pub/Sub, and bounded in all it holds."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from contextvars import ContextVar

import pytest

from shared.bus.local import LocalBus
from shared.bus.ports import Handler, Message
from shared.bus.redelivery import Redelivery
from shared.bus.subscription import Chance, Limits
from shared.counts import Counts
from shared.errors import BusUnavailable, NotYet
from tests.bus.rigs import Time, turns

request: ContextVar[str | None] = ContextVar("request", default=None)


class Gate:
    """A handler that lets nobody through until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.inside = 0
        self.most_inside = 0
        self.passed: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await self.opened.wait()
        self.inside -= 1
        self.passed.append(message.data)


class Refusal:
    """A handler that acknowledges nothing."""

    def __init__(self, error: Exception) -> None:
        self.attempts: list[int | None] = []
        self._error = error

    async def __call__(self, message: Message) -> None:
        self.attempts.append(message.attempt)
        raise self._error


def open_local(
    handler: Handler,
    *,
    concurrency: int = 4,
    room: int = 100,
    attempts: int = 5,
    chance: Chance | None = None,
) -> LocalBus:
    """A bus with this handler for fetch-balances, in which time passes at once."""
    bus = LocalBus(
        Counts(),
        Time(),
        redelivery=Redelivery(attempts=attempts),
        limits=Limits(concurrency, room, grace_seconds=0.0),
        chance=chance or Chance(Time().sleep, lambda: 0.0),
    )
    bus.subscribe("fetch-balances", handler)
    return bus


async def test_a_topic_that_nobody_here_handles_names_the_remedy() -> None:
    bus = open_local(Gate())

    with pytest.raises(BusUnavailable, match="make run"):
        await bus.publish("snapshot", [b"x"])


async def test_no_more_handlers_run_at_once_than_are_allowed() -> None:
    gate = Gate()
    bus = open_local(gate, concurrency=3)
    await bus.publish("fetch-balances", [b"%d" % n for n in range(10)])
    await turns()
    gate.opened.set()
    await bus.drained()

    assert gate.most_inside == 3
    assert len(gate.passed) == 10


async def test_messages_come_in_an_order_of_their_own() -> None:
    gate = Gate()
    gate.opened.set()
    bus = open_local(gate, concurrency=1, chance=Chance(random=random.Random(1).random))
    messages = [b"%d" % n for n in range(50)]
    await bus.publish("fetch-balances", messages)
    await bus.drained()

    assert sorted(gate.passed) == sorted(messages)
    assert gate.passed != messages


async def test_deliveries_can_be_repeated_to_rehearse_at_least_once() -> None:
    gate = Gate()
    gate.opened.set()
    times = iter([1, 2, 3])
    bus = open_local(gate, chance=Chance(repeats=lambda: next(times)))
    await bus.publish("fetch-balances", [b"once", b"twice", b"thrice"])
    await bus.drained()

    assert Counter(gate.passed) == {b"once": 1, b"twice": 2, b"thrice": 3}


async def test_waits_double_and_the_last_attempt_ends_among_the_dead_letters() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    refusal = Refusal(NotYet("later"))
    bus = open_local(refusal, chance=Chance(sleep, lambda: 0.5))
    await bus.publish("fetch-balances", [b"poison"])
    await bus.drained()

    assert refusal.attempts == [1, 2, 3, 4, 5]
    assert waits == [0.75, 1.5, 3.0, 6.0]
    letter = bus.dead_letters[0]
    assert (letter.data, letter.attributes["discard_reason"]) == (
        b"poison",
        "not acknowledged in 5 attempts",
    )


async def test_only_the_last_dead_letters_are_kept_and_all_are_counted() -> None:
    counts = Counts()
    bus = LocalBus(counts, Time(), redelivery=Redelivery(attempts=1))
    bus.subscribe("fetch-balances", Refusal(NotYet("later")))
    await bus.publish("fetch-balances", [b"%d" % n for n in range(130)])
    await bus.drained()

    assert len(bus.dead_letters) == 100
    assert list(counts) == [
        ("messages_discarded_total", (("reason", "attempts"),), 130),
        ("messages_published_total", (("topic", "fetch-balances"),), 130),
    ]


async def test_what_is_not_there_yet_is_no_error_but_a_bug_is(caplog: pytest.LogCaptureFixture) -> None:
    for error in (NotYet("later"), ZeroDivisionError("a bug")):
        bus = open_local(Refusal(error), attempts=2)
        await bus.publish("fetch-balances", [b"x"])
        with caplog.at_level(logging.ERROR, "shared.bus.subscription"):
            await bus.drained()

    assert [str(one.exc_info[1]) for one in caplog.records if one.exc_info] == ["a bug"] * 2


async def test_a_delivery_is_not_part_of_the_request_that_published_it() -> None:
    seen: list[str | None] = []

    async def look(message: Message) -> None:
        seen.append(request.get())
        if message.attempt == 1:
            raise NotYet("later")

    bus = open_local(look)
    request.set("request-1")
    await bus.publish("fetch-balances", [b"x"])
    await bus.drained()

    assert seen == [None, None]


async def test_publishing_waits_for_room() -> None:
    gate = Gate()
    bus = open_local(gate, room=5)
    publishing = asyncio.create_task(bus.publish("fetch-balances", [b"x"] * 12))
    await turns()
    assert not publishing.done()

    gate.opened.set()
    await publishing
    await bus.drained()
    assert len(gate.passed) == 12


async def test_a_handler_does_not_wait_for_room_in_its_own_topic() -> None:
    seen: list[bytes] = []

    async def follow_up(message: Message) -> None:
        seen.append(message.data)
        if message.data == b"first":
            await bus.publish("fetch-balances", [b"second"] * 3)

    bus = open_local(follow_up, concurrency=1, room=1)
    await bus.publish("fetch-balances", [b"first"])
    await bus.drained()

    assert seen == [b"first", *[b"second"] * 3]


async def test_a_handler_waits_for_room_in_another_topic() -> None:
    gate = Gate()

    async def plan(message: Message) -> None:
        await bus.publish("fetch-balances", [b"part"] * 10)

    bus = open_local(gate, room=2)
    bus.subscribe("snapshot", plan)
    await bus.publish("snapshot", [b"start"])
    await turns()
    assert gate.inside == 2

    gate.opened.set()
    await bus.drained()
    assert len(gate.passed) == 10


async def test_closing_lets_handlers_finish() -> None:
    gate = Gate()
    bus = LocalBus(Counts(), Time(), limits=Limits(grace_seconds=60))
    bus.subscribe("fetch-balances", gate)
    await bus.publish("fetch-balances", [b"x"])
    await turns()
    closing = asyncio.create_task(bus.close())
    await turns()
    assert not closing.done()

    gate.opened.set()
    await closing
    assert gate.passed == [b"x"]


async def test_closing_stops_what_does_not_finish_and_says_how_much_was_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    bus = open_local(gate, concurrency=1)
    await bus.publish("fetch-balances", [b"x"] * 3)
    await turns()
    await bus.close()

    assert gate.passed == []
    assert "3 messages of fetch-balances were not delivered" in caplog.text


async def test_closing_does_not_wait_for_retries() -> None:
    async def sleep(seconds: float) -> None:
        await asyncio.Event().wait()

    refusal = Refusal(NotYet("later"))
    bus = open_local(refusal, chance=Chance(sleep))
    await bus.publish("fetch-balances", [b"x"])
    await turns()
    await bus.close()

    assert refusal.attempts == [1]


async def test_closing_wakes_who_waits_for_room() -> None:
    bus = open_local(Gate(), room=1)
    publishing = asyncio.create_task(bus.publish("fetch-balances", [b"x"] * 2))
    await turns()
    await bus.close()

    with pytest.raises(BusUnavailable, match="closed"):
        await publishing


async def test_work_beside_the_deliveries_is_of_no_request_and_ends_with_the_bus() -> None:
    bus, never = open_local(Gate()), asyncio.Event()
    seen: list[str | None] = []

    async def work() -> None:
        seen.append(request.get())
        try:
            await never.wait()
        finally:
            seen.append("ended")

    request.set("trace-1")
    bus.accompany(work())
    await turns()
    assert seen == [None]

    await bus.close()
    assert seen == [None, "ended"]


async def test_work_beside_the_deliveries_that_fails_is_told(caplog: pytest.LogCaptureFixture) -> None:
    bus = open_local(Gate())

    async def work() -> None:
        raise RuntimeError("a bug")

    bus.accompany(work())
    await turns()
    await bus.close()

    assert "a bug" in caplog.text


def test_an_event_loop_that_ends_begins_no_delivery_any_more() -> None:
    """Whoever ends a loop cancels the tasks that it has then: what is begun by that is never over."""
    with asyncio.Runner() as runner:
        loop, counts = runner.get_loop(), Counts()
        bus = LocalBus(counts, Time(), limits=Limits(concurrency=1))

        async def publish() -> None:
            begun = asyncio.Event()

            async def wait(_: Message) -> None:
                begun.set()
                await asyncio.Event().wait()

            bus.subscribe("snapshot", wait)
            await bus.publish("snapshot", [b"1", b"2"])
            await begun.wait()

        runner.run(publish())
    assert asyncio.all_tasks(loop) == set()
