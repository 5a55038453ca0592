"""Snapshot runs in which one thing goes wrong, at every place where it can: each of them ends well."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tests.run_play import Play
from tests.run_truth import check_runs
from tests.run_world import RUN, Fault, Letter, Trouble, World, save, three_users


def disturbed(world: World, at: int, disturb: Callable[[Play], None]) -> bool:
    """A run in which something happens at the nth stop of all workers; whether there are so many stops."""
    play, stops = Play(world), 0
    world.call()
    tried: set[Letter] = set()
    while stops <= at and (fresh := [letter for letter in world.letters if letter not in tried]):
        tried.add(fresh[0])
        worker = play.deliver(fresh[0])
        while stops <= at and play.step(worker):
            if stops == at:
                disturb(play)
            stops += 1
    play.drain()
    check_runs(world)
    return stops > at


def kill_the_worker(play: Play) -> None:
    play.kill(play.workers[0])


def test_a_worker_may_die_at_any_of_its_stops() -> None:
    at = 0
    while disturbed(three_users(), at, kill_the_worker):
        at += 1
    assert at > 100


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_store_may_fail_at_any_call(when: Fault) -> None:
    check_failures(lambda world: world.store_trouble, when)


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_the_bus_may_fail_at_any_call(when: Fault) -> None:
    check_failures(lambda world: world.bus_trouble, when)


def check_failures(trouble_of: Callable[[World], Trouble], when: Fault) -> None:
    """From each stop on the next call of the kind fails, in a run of its own."""

    def fail(play: Play) -> None:
        trouble_of(play.world).when = when

    at = 0
    while disturbed(three_users(), at, fail):
        at += 1
    assert at > 100


@pytest.mark.parametrize("which", range(1, 10))
def test_any_letter_may_be_lost_for_good(which: int) -> None:
    world = three_users()
    play = Play(world)
    world.call()
    delivered: list[Letter] = []
    while fresh := [letter for letter in world.letters if letter not in delivered]:
        delivered.append(fresh[0])
        if len(delivered) == which:
            world.letters.remove(fresh[0])
        else:
            play.finish(play.deliver(fresh[0]))
    play.drain(sweeping=True)
    check_runs(world)
    assert len(delivered) >= which


def test_a_planner_may_die_anywhere_and_never_be_called_again() -> None:
    stops = 0
    while True:
        world = three_users()
        play = Play(world)
        planner = play.deliver(world.call())
        if not play.step(planner, stops):
            break
        play.kill(planner)
        world.letters = [letter for letter in world.letters if letter.topic != "scheduler"]
        play.drain(sweeping=True)
        check_runs(world)
        stops += 1
    assert stops > 10


@pytest.mark.parametrize("first", range(0, 24, 2))
def test_two_planners_may_see_different_wallets(first: int) -> None:
    for second in range(0, 24, 2):
        world = three_users()
        play = Play(world)
        one = play.deliver(world.call())
        play.step(one, first)
        world.forget("alice")
        save(world, "bob", [200, 201])
        save(world, "dora", range(300, 320))
        world.remember_wishes()
        other = play.deliver(world.call())
        play.step(other, second)
        play.drain()
        check_runs(world)


@pytest.mark.parametrize("seed", range(10))
def test_two_workers_may_finish_a_group_at_once_while_prices_move(seed: int) -> None:
    world, random = three_users(), Random(seed)
    play = Play(world)
    play.finish(play.deliver(world.call()))
    for letter in list(world.letters):
        play.finish(play.deliver(letter))
    finishes = [letter for letter in world.letters for _ in range(2)]
    assert len(finishes) == 6
    for letter in finishes:
        play.deliver(letter)
    while play.workers:
        world.price_factor += 1
        play.step(random.choice(play.workers))
    play.drain()
    check_runs(world)


def test_a_run_of_several_pages_survives_a_planner_that_dies_anywhere() -> None:
    def begun() -> tuple[World, Play]:
        world = World()
        for number in range(52):
            save(world, f"user-{number:02d}", range(number * 100, number * 100 + 100), "base")
        world.remember_wishes()
        return world, Play(world)

    world, play = begun()
    worker, stops = play.deliver(world.call()), []
    while play.step(worker):
        stops.append(worker.at)
    for at, stop in enumerate(stops, 1):
        if stop not in ("after add_page", "before publish", "after publish", "before set_totals"):
            continue
        world, play = begun()
        worker = play.deliver(world.call())
        play.step(worker, at)
        play.kill(worker)
        play.drain(sweeping=True)  # what closes so large a run
        check_runs(world)
        totals = world.runs.runs[RUN.id].totals
        assert totals is not None
        assert (totals.pages, totals.groups) == (2, 104)
