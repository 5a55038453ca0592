"""Runs whose processes die: after any call, before anybody knows that it was done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import NOON
from tests.faults.holdings import FEW, wallet
from tests.faults.process import Death, Deaths
from tests.faults.stage import AT, Stage, run_of

_MOST = 200


async def die(stage: Stage, number: int, at: str) -> list[str]:
    """A run whose process dies once; where that was."""
    process = stage.process(Death(number))
    while (status := await process.call(at)) != 200:
        assert status == 0  # the scheduler calls again when nobody answers
    await stage.drain(process.push, run_of(at))
    await stage.check(at)
    return process.deaths


async def test_a_worker_that_dies_after_any_of_its_calls_changes_no_snapshot(stage: Stage) -> None:
    await stage.set_up(FEW)
    reached: list[str] = []
    for number in range(1, _MOST):
        # Something has changed since the last run, which streams are to be told.
        stage.outside.anvils["gnosis"].set_balance(wallet(1), number * 10**18)
        stage.outside.anvils["gnosis"].mine()
        at = (NOON - timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:00Z")
        deaths = await die(stage, number, at)
        if not deaths:
            break
        reached += deaths
    else:
        pytest.fail("a run has no end")

    writes = {"add_run", "add_page", "add_prices", "set_totals", "add_part", "put_latest", "add_snapshots"}
    assert writes | {"set_finished", "publish"} <= set(reached)


@pytest.mark.parametrize("call", ["add_run", "add_page", "publish", "set_totals"])
async def test_planning_that_died_goes_on_when_overdue_runs_are_swept(stage: Stage, call: str) -> None:
    await stage.set_up()
    process = stage.process(Deaths(call))
    assert await process.call(AT) == 0
    assert process.deaths == [call]

    await stage.courier.settle(process.push)
    stage.clock.advance(60 * 60)
    assert await process.call(sweep=True) == 204
    await stage.drain(process.push, run_of(AT))

    await stage.check()
