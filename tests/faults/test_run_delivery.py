"""Runs whose messages come several times, in any order and to several processes at the same time."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from shared.bus.ports import Topic
from shared.core.run_messages import FinishGroup, ReadPart, decode
from tests.faults.holdings import FEW
from tests.faults.process import Delivery, Together
from tests.faults.stage import AT, Stage, run_of


@pytest.mark.parametrize("seed", range(3))
async def test_messages_that_come_one_to_three_times_in_any_order_make_one_snapshot_each(
    stage: Stage, seed: int
) -> None:
    await stage.set_up()
    fleet = [stage.process() for _ in range(3)]
    choice = Random(seed)
    stage.courier.shuffle(seed, most_copies=3, tells_attempts=seed != 2)

    async def push(topic: Topic, delivery: Delivery) -> int:
        return await choice.choice(fleet).push(topic, delivery)

    assert await fleet[0].call(AT) == 200
    await stage.drain(push, run_of(AT), at_once=4)

    await stage.check()


MEETINGS = [
    "add_run",
    "add_page",
    "set_totals",
    "add_part",
    "count_parts",
    "add_prices",
    "add_snapshots",
    "set_finished",
]


@pytest.mark.parametrize("call", MEETINGS)
async def test_two_workers_that_do_the_same_at_once_make_one_snapshot_each(stage: Stage, call: str) -> None:
    await stage.set_up(FEW)
    meeting = Together(call)
    one, other = stage.process(meeting), stage.process(meeting)
    stage.courier.shuffle(0, least_copies=2, most_copies=2)
    turn = iter(range(10**6))

    async def push(topic: Topic, delivery: Delivery) -> int:
        return await (one, other)[next(turn) % 2].push(topic, delivery)

    # The schedule fires twice, some seconds apart by its own account.
    fired = await asyncio.gather(one.call(AT), other.call(AT.replace(":00Z", ":17Z")))
    assert set(fired) == {200}
    await stage.drain(push, run_of(AT), at_once=100)

    assert meeting.met
    await stage.check()


async def test_a_group_whose_users_need_a_late_part_of_another_is_finished_without_a_sweep(
    stage: Stage,
) -> None:
    await stage.set_up()
    process, late = stage.process(), True

    async def push(topic: Topic, delivery: Delivery) -> int:
        told = decode(delivery.data)
        if late and isinstance(told, ReadPart) and (told.group, told.chain) == (0, "optimism"):
            return 503
        return await process.push(topic, delivery)

    assert await process.call(AT) == 200
    await stage.courier.settle(push)
    waiting = [decode(letter.delivery.data) for letter in stage.courier.letters]
    late = False
    await stage.drain(push, run_of(AT))

    assert FinishGroup(run_of(AT), 1, 0) in waiting
    await stage.check()
