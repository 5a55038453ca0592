"""Finishing a group and closing a run: who is ready does not wait, and what is done is not done again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.core.run_messages import FinishGroup, ReadPart, StartRun, SweepRun, decode
from shared.core.runs import PartKey, PlanTotals, Run
from shared.errors import NotYet, UnknownMessage
from shared.services.runs_finish import finish_group
from shared.services.runs_part import read_part
from shared.services.runs_start import start_run
from shared.services.runs_sweep import sweep, sweep_page
from tests.fakes import NOON
from tests.run_play import Play
from tests.run_process import Process
from tests.run_steps import act_on, step_through, step_to
from tests.run_truth import snapshots_of
from tests.run_world import PRICES, RUN, World, save, wallet

MESSAGE = FinishGroup(RUN.id, 1, 0)


@pytest.fixture
def world() -> World:
    """Two groups, of which the second is read; it has carol and bob, who also has a wallet of the first."""
    world = World()
    for user, numbers in (("alice", range(1, 51)), ("bob", (1, 61)), ("carol", (62,))):
        save(world, user, numbers)
    step_through(start_run(NOON, Process(world)))
    for letter in world.letters:
        told = decode(letter.data)
        if isinstance(told, ReadPart) and told.group == 1:
            step_through(read_part(told, 1, Process(world)))
    world.letters.clear()
    return world


def finish(world: World, message: FinishGroup = MESSAGE, attempt: int | None = 1) -> None:
    step_through(finish_group(message, attempt, Process(world)))


def sweep_at(world: World, seconds: int) -> None:
    """A sweep so long after the run's start, and what it has done for each page."""
    world.clock.now = NOON + timedelta(seconds=seconds)
    step_through(sweep(Process(world)))
    for letter in [letter for letter in world.letters if isinstance(decode(letter.data), SweepRun)]:
        world.letters.remove(letter)
        step_through(act_on(letter.data, 1, Process(world)))


def deliver_all(world: World) -> None:
    play = Play(world)
    for letter in list(world.letters):
        play.finish(play.deliver(letter))


def kept_run(world: World) -> Run:
    return world.runs.runs[RUN.id]


def set_totals(world: World, totals: PlanTotals) -> None:
    world.runs.runs[RUN.id] = replace(kept_run(world), totals=totals)


def test_who_needs_parts_of_another_group_waits_and_keeps_nobody_else_waiting(world: World) -> None:
    with pytest.raises(NotYet, match="1 users of group 1"):
        finish(world)

    assert [*snapshots_of(world, RUN)] == ["carol"]


def test_a_group_that_is_finished_is_not_finished_again(world: World) -> None:
    for attempt in (1, 2):
        with pytest.raises(NotYet):
            finish(world, attempt=attempt)

    assert world.writes["add_snapshots"] == 1
    assert world.counts.total("run_snapshots_total") == 1


@pytest.mark.parametrize("message", [FinishGroup(RUN.id, 9, 0), FinishGroup(RUN.id, 0, 9)])
def test_a_group_that_is_not_in_the_plan_is_unknown(world: World, message: FinishGroup) -> None:
    with pytest.raises(UnknownMessage):
        finish(world, message)


def test_a_run_is_swept_only_when_it_is_overdue(world: World) -> None:
    sweep_at(world, 899)
    assert world.letters == []

    sweep_at(world, 900)
    groups = [decode(letter.data) for letter in world.letters]
    assert groups == [FinishGroup(RUN.id, 0, 0), FinishGroup(RUN.id, 1, 0)]
    deliver_all(world)
    made = snapshots_of(world, RUN)
    assert {user: made[user].complete for user in made} == {"alice": False, "bob": False, "carol": True}
    assert kept_run(world).finished_at == NOON + timedelta(minutes=15)


def test_a_part_that_comes_while_it_is_given_up_is_counted_once(world: World) -> None:
    world.clock.advance(900)
    sweeping = sweep_page(SweepRun(RUN.id, 0), Process(world))
    step_to(sweeping, "before add_part")
    late = ReadPart(RUN.id, 0, "base", tuple(map(wallet, range(1, 51))), 2)
    step_through(read_part(late, 2, Process(world)))
    before = world.counts.total("parts_total")
    step_through(sweeping)

    assert world.runs.parts[RUN.id, PartKey(0, "base")].state == "read"
    assert world.counts.total("parts_total") == before + 1  # the other chain's


def test_a_sweep_leaves_a_finished_run_alone(world: World) -> None:
    sweep_at(world, 900)
    deliver_all(world)
    sweep_at(world, 960)

    assert world.letters == []


def test_runs_that_are_not_planned_are_planned_on_and_keep_no_other_from_being_closed(world: World) -> None:
    older = [f"2026112{day}T{hour:02d}0000Z" for day in (0, 1) for hour in range(12)]
    for run_id in older:
        unplanned = replace(RUN, id=run_id, overdue_at=RUN.overdue_at - timedelta(hours=1))
        world.runs.runs[run_id] = unplanned
    sweep_at(world, 900)

    told = [decode(letter.data) for letter in world.letters]
    assert told[: len(older)] == [StartRun(run_id) for run_id in sorted(older)]
    assert told[len(older) :] == [FinishGroup(RUN.id, 0, 0), FinishGroup(RUN.id, 1, 0)]


def test_a_large_run_is_closed_by_the_sweep_that_finds_all_snapshots(world: World) -> None:
    set_totals(world, PlanTotals(1, 101, 4, 3, 52))
    sweep_at(world, 900)
    deliver_all(world)
    assert kept_run(world).finished_at is None

    sweep_at(world, 960)
    assert kept_run(world).finished_at == NOON + timedelta(minutes=16)


def test_a_run_whose_plan_is_gone_does_not_come_back_for_ever(world: World) -> None:
    set_totals(world, PlanTotals(2, 2, 4, 9, 52))
    sweep_at(world, 900)

    assert kept_run(world).finished_at is not None


def test_a_sweep_sends_one_message_for_each_page(world: World) -> None:
    set_totals(world, PlanTotals(3, 201, 4, 9, 52))
    world.clock.advance(900)
    step_through(sweep(Process(world)))

    assert [decode(letter.data) for letter in world.letters] == [SweepRun(RUN.id, n) for n in range(3)]
    assert {letter.topic for letter in world.letters} == {"snapshot"}
    assert world.writes["add_part"] == 2  # those of the group that was read


def test_nobody_can_have_a_run_given_up_before_it_is_overdue(world: World) -> None:
    world.clock.advance(899)
    step_through(sweep_page(SweepRun(RUN.id, 0), Process(world)))

    assert (world.letters, len(world.runs.parts)) == ([], 2)


@pytest.mark.parametrize("message", [SweepRun(RUN.id, 1), SweepRun("20261121T110000Z", 0)])
def test_a_page_that_the_run_does_not_have_cannot_be_swept(world: World, message: SweepRun) -> None:
    world.clock.advance(900)
    with pytest.raises(UnknownMessage):
        step_through(sweep_page(message, Process(world)))
    assert kept_run(world).finished_at is None


def test_a_run_is_left_to_its_planner_for_longer(world: World) -> None:
    world.runs.runs[RUN.id] = replace(kept_run(world), totals=None)
    sweep_at(world, 3599)
    assert world.letters == []

    sweep_at(world, 3600)
    assert [decode(letter.data) for letter in world.letters] == [StartRun(RUN.id)]


def test_a_group_that_is_finished_days_later_is_not_valued_with_the_prices_of_then(world: World) -> None:
    world.price_factor = Decimal(3)
    world.runs.prices.clear()
    sweep_at(world, 3 * 86_400)
    deliver_all(world)

    made = snapshots_of(world, RUN)
    assert {user: (made[user].total_usd, made[user].complete) for user in made} == {
        user: (Decimal(0), False) for user in ("alice", "bob", "carol")
    }
    assert not world.said - {(asset_id, dollars) for asset_id, dollars in PRICES.items()}
    assert {each.message for each in made["carol"].errors} == {"the run has no price for it"}
    assert kept_run(world).finished_at is not None
