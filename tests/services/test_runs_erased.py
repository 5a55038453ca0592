"""A user who is erased while a run is under way: nothing is brought back, and nobody else is kept waiting."""

from __future__ import annotations

import asyncio

from shared.core.run_messages import FinishGroup, decode
from tests.fakes import NOON
from tests.run_play import Play
from tests.run_truth import snapshots_of
from tests.run_world import RUN, Letter, World, save, three_users
from tests.store.account_fakes import FakeErasures

GONE = "alice"


def erase(world: World, user: str = GONE) -> None:
    """Mark the user and remove everything, as an erasure of one step does."""
    erasures = FakeErasures(world.shelf)
    asyncio.run(erasures.mark_erased(user, world.clock()))
    asyncio.run(erasures.erase_some(user))


def play_and_erase(world: World, at: int) -> bool:
    """A run in which the user is erased at the nth stop of all workers; whether there are so many stops."""
    play, stops = Play(world), 0
    world.call()
    tried: set[Letter] = set()
    while stops <= at and (fresh := [letter for letter in world.letters if letter not in tried]):
        tried.add(fresh[0])
        worker = play.deliver(fresh[0])
        while stops <= at and play.step(worker):
            if stops == at:
                erase(world)
            stops += 1
    play.drain(sweeping=True)
    return stops > at


def test_a_user_may_be_erased_at_any_stop_of_a_run() -> None:
    at = 0
    others = {user for user, _ in three_users().shelf.wallets} - {GONE}
    while play_and_erase(world := three_users(), at):
        assert {*snapshots_of(world, RUN)} == others
        assert world.runs.runs[RUN.id].finished_at is not None
        at += 1
    assert at > 100


def finishing(world: World, play: Play) -> Letter:
    """The message to finish the users' group, everything before it done."""
    world.call()
    while not (found := [each for each in world.letters if _is_finish(each)]):
        play.finish(play.deliver(world.letters[0]))
    return found[0]


def _is_finish(letter: Letter) -> bool:
    return bool(letter.data) and isinstance(decode(letter.data), FinishGroup)


def test_a_worker_that_dies_after_it_has_brought_something_back_is_followed_by_one_that_removes_it() -> None:
    world = three_users()
    play = Play(world)
    worker = play.deliver(finishing(world, play))
    play.step_to(worker, "before add_snapshots")
    erase(world)
    play.step_to(worker, "after add_snapshots")
    assert GONE in snapshots_of(world, RUN)

    play.kill(worker)
    play.drain()

    assert GONE not in snapshots_of(world, RUN)
    assert world.runs.runs[RUN.id].finished_at is not None


def test_a_run_is_not_closed_while_somebody_else_waits() -> None:
    world = three_users()
    world.shelf.erasures["f" * 64] = NOON
    play = Play(world)
    worker = play.deliver(finishing(world, play))
    play.step_to(worker, "before add_snapshots")

    assert world.runs.runs[RUN.id].finished_at is None
    play.finish(worker)
    play.drain()
    assert len(snapshots_of(world, RUN)) == len({user for user, _ in world.shelf.wallets})


def save_again(world: World) -> None:
    save(world, GONE, range(1, 31))


def test_who_comes_back_before_the_run_begins_is_in_it() -> None:
    world = three_users()
    erase(world)
    save_again(world)
    world.clock.advance(5)
    world.call(world.clock())
    Play(world).drain()

    (run,) = world.runs.runs.values()
    assert GONE in snapshots_of(world, run)


def test_who_comes_back_during_the_run_is_not_in_it_and_nobody_waits() -> None:
    world = three_users()
    play = Play(world)
    worker = play.deliver(finishing(world, play))
    world.clock.advance(1)
    erase(world)
    save_again(world)
    play.finish(worker)
    play.drain()

    assert GONE not in snapshots_of(world, RUN)
    assert world.runs.runs[RUN.id].finished_at is not None


def test_who_was_erased_at_the_time_of_the_start_by_another_clock_is_not_in_it() -> None:
    world = three_users()
    play = Play(world)
    worker = play.deliver(finishing(world, play))
    world.clock.advance(-30)
    erase(world)
    save(world, GONE, [1])
    play.finish(worker)
    world.clock.advance(30)
    play.drain()

    assert GONE not in snapshots_of(world, RUN)


def play_own_and_erase(world: World, at: int) -> bool:
    """A run of the user's own, who is erased at the nth stop and begins anew."""
    play, stops = Play(world), 0
    world.call(user=GONE)
    tried: set[Letter] = set()
    while stops <= at and (fresh := [letter for letter in world.letters if letter not in tried]):
        tried.add(fresh[0])
        worker = play.deliver(fresh[0])
        while stops <= at and play.step(worker):
            if stops == at:
                erase(world)
                save_again(world)
            stops += 1
    play.drain(sweeping=True)
    return stops > at


def test_nothing_is_left_of_an_own_run_at_whatever_stop_its_user_is_erased() -> None:
    at = 0
    while play_own_and_erase(world := three_users(), at):
        shelf = world.runs
        if shelf.runs:  # it was erased before the run was begun
            assert [user for user, _ in world.shelf.snapshots] == [GONE]
        else:
            assert (shelf.pages, shelf.prices, shelf.parts, world.shelf.snapshots) == ({}, {}, {}, {})
        at += 1
    assert at > 30


def test_an_own_run_behind_an_erasure_has_its_snapshot() -> None:
    world = three_users()
    erase(world)
    save_again(world)
    world.call(user=GONE)
    Play(world).drain()

    (run,) = world.runs.runs.values()
    assert run.finished_at is not None
    assert [*snapshots_of(world, run)] == [GONE]


def test_who_comes_back_is_in_the_next_run() -> None:
    world = three_users()
    play = Play(world)
    world.call()
    erase(world)
    play.drain()
    world.clock.advance(3600)
    save(world, GONE, (1,))
    later = world.clock()

    play.finish(play.deliver(Letter("scheduler", at=later)))
    play.drain()

    kept = [snapshot.timestamp for (user, _), snapshot in world.shelf.snapshots.items() if user == GONE]
    assert kept == [later]
