"""Going on with runs whose messages are lost: what is missing is asked for again, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.core.run_messages import FinishGroup, ReadPart, StartRun, decode
from shared.services.runs_finish import finish_group
from shared.services.runs_part import read_part
from shared.services.runs_resume import resume_runs
from shared.services.runs_start import start_run
from tests.fakes import NOON
from tests.run_play import Play
from tests.run_process import Process
from tests.run_steps import step_through, step_to
from tests.run_truth import check_runs, snapshots_of
from tests.run_world import RUN, World, save

LATER = NOON + timedelta(seconds=1)


def two_groups() -> World:
    """The second group has carol and bob, who also has a wallet of the first."""
    world = World()
    for user, numbers in (("alice", range(1, 51)), ("bob", (1, 61)), ("carol", (62,))):
        save(world, user, numbers)
    return world


def started() -> World:
    world = two_groups()
    step_through(start_run(NOON, Process(world)))
    return world


def resumed(world: World) -> list[Any]:
    """What is sent when all that was under way is lost."""
    world.letters.clear()
    step_through(resume_runs(LATER, Process(world)))
    return [decode(letter.data) for letter in world.letters]


def read(world: World, message: ReadPart) -> None:
    step_through(read_part(message, 1, Process(world)))


def test_parts_that_are_not_there_are_read_and_no_others() -> None:
    world = started()
    parts = [decode(letter.data) for letter in world.letters]
    assert isinstance(parts[0], ReadPart)
    read(world, parts[0])

    assert resumed(world) == parts[1:]


def test_a_group_with_all_its_parts_is_finished_unless_it_was() -> None:
    world = started()
    for told in [decode(letter.data) for letter in world.letters]:
        assert isinstance(told, ReadPart)
        read(world, told)
    step_through(finish_group(FinishGroup(RUN.id, 0, 0), 1, Process(world)))

    assert resumed(world) == [FinishGroup(RUN.id, 1, 0)]


def test_a_run_that_is_not_planned_to_its_end_is_planned_on_and_what_is_planned_is_read() -> None:
    world = two_groups()
    planner = start_run(NOON, Process(world))
    step_to(planner, "after add_page")
    planner.close()
    *parts, last = resumed(world)

    assert len(parts) == 4
    assert all(isinstance(part, ReadPart) for part in parts)
    assert last == StartRun(RUN.id)


def test_a_run_whose_snapshots_are_all_kept_is_closed() -> None:
    world = started()
    Play(world).drain()
    world.runs.runs[RUN.id] = replace(world.runs.runs[RUN.id], finished_at=None)

    assert resumed(world) == []
    assert world.runs.runs[RUN.id].finished_at is not None


def test_overdue_runs_and_those_of_this_process_are_left_alone() -> None:
    world = started()
    world.letters.clear()
    step_through(resume_runs(NOON, Process(world)))
    assert world.letters == []

    world.clock.advance(900)
    assert resumed(world) == []


def test_all_of_many_runs_are_gone_on_with() -> None:
    world = World()
    save(world, "alice", [1])
    for minute in range(25):
        step_through(start_run(NOON - timedelta(minutes=minute), Process(world)))

    assert len({message.run_id for message in resumed(world)}) == 25


@given(st.integers(0, 300), st.randoms(use_true_random=False))
def test_whenever_the_process_dies_the_next_one_finishes_the_run(steps: int, random: Random) -> None:
    world = two_groups()
    world.remember_wishes()
    play = Play(world)
    play.deliver(world.call())
    for _ in range(steps):
        idle = [letter for letter in world.letters if letter not in [w.letter for w in play.workers]]
        if idle and len(play.workers) < 3:
            play.deliver(random.choice(idle))
        if play.workers:
            play.step(random.choice(play.workers))
    for worker in list(play.workers):
        play.kill(worker)
    world.letters.clear()
    world.clock.advance(1)
    step_through(resume_runs(world.clock(), Process(world)))
    play.drain()

    if world.runs.runs:
        check_runs(world)
        assert len(snapshots_of(world, world.runs.runs[RUN.id])) == 3
