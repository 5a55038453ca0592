"""Runs that cannot read everything: they end, and their snapshots name what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.core.run_messages import FinishGroup, ReadPart, decode
from tests.faults.holdings import FEW, PEOPLE, POLYGON, all_wallets, wallet
from tests.faults.process import Delivery
from tests.faults.stage import AT, Stage, run_of
from tests.ports import free_port


async def test_a_chain_that_is_down_for_the_whole_run_is_named_and_the_rest_is_right(stage: Stage) -> None:
    await stage.set_up()
    nobody = f"http://127.0.0.1:{free_port()}"
    settings = stage.outside.settings(stage.project)
    stage.open(replace(settings, rpc_urls={**settings.rpc_urls, POLYGON.chain_id: (nobody,)}))
    process = stage.process()

    assert await process.call(AT) == 200
    await stage.courier.settle(process.push)
    assert {_part(letter.delivery) for letter in stage.courier.letters} >= {(0, "polygon"), (1, "polygon")}
    await stage.drain(process.push, run_of(AT))

    await stage.check(lost={(address, "polygon") for address in all_wallets(PEOPLE)})
    assert await stage.courier.dead_letters() == []


@pytest.mark.parametrize("seed", range(2))
async def test_a_message_that_is_lost_for_good_makes_a_partial_run_that_names_it(
    stage: Stage, seed: int
) -> None:
    await stage.set_up()
    stage.courier.shuffle(seed, most_copies=2)
    stage.courier.lose = lambda delivery: _part(delivery) == (0, "optimism")
    process = stage.process()

    assert await process.call(AT) == 200
    await stage.courier.settle(process.push)
    assert len(stage.courier.lost) == 1
    stage.clock.advance(14 * 60)
    assert await process.call(sweep=True) == 204
    assert await stage.is_running(run_of(AT)), "it is not overdue yet"
    stage.clock.advance(60)
    assert await process.call(sweep=True) == 204
    await stage.drain(process.push, run_of(AT))

    await stage.check(lost={(wallet(number), "optimism") for number in (1, 3)})


async def test_the_message_that_finishes_a_group_can_be_lost_too(stage: Stage) -> None:
    await stage.set_up(FEW)
    stage.courier.lose = lambda delivery: isinstance(decode(delivery.data), FinishGroup)
    process = stage.process()

    assert await process.call(AT) == 200
    await stage.courier.settle(process.push)
    assert await stage.is_running(run_of(AT))
    stage.courier.lose = lambda delivery: False
    stage.clock.advance(15 * 60)
    assert await process.call(sweep=True) == 204
    await stage.drain(process.push, run_of(AT))

    await stage.check()


def _part(delivery: Delivery) -> tuple[int, str] | None:
    message = decode(delivery.data)
    return (message.group, message.chain) if isinstance(message, ReadPart) else None
