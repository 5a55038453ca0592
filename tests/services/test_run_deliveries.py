"""Snapshot runs in which nothing goes wrong, however their messages come: nothing is done twice."""

from __future__ import annotations

from random import Random

import pytest

from shared.core.run_messages import FinishGroup, decode
from tests.fakes import NOON
from tests.run_play import Play
from tests.run_truth import check_runs, played, snapshots_of
from tests.run_world import RUN, World, save, three_users


def test_a_run_in_which_nothing_happens_ends_with_one_complete_snapshot_for_each_user() -> None:
    world = three_users()
    run = played(world)
    made = snapshots_of(world, run)
    assert sorted(made) == ["alice", "bob", "carol"]
    assert all(snapshot.complete for snapshot in made.values())
    assert world.clock.now == NOON


def test_a_run_in_which_nothing_happens_keeps_to_its_budget_of_writes() -> None:
    world = three_users()
    totals = played(world).totals
    assert totals is not None
    parts, users = world.writes.pop("add_part"), world.writes.pop("add_snapshots")
    del world.writes["put_latest"]  # of the streams, not of the run
    assert (parts, users) == (totals.parts, totals.users)
    assert world.writes == {"add_run": 1, "add_page": 1, "set_totals": 1, "add_prices": 2, "set_finished": 1}


def test_a_run_in_which_nothing_happens_keeps_to_its_budget_of_reads() -> None:
    world = three_users()
    totals = played(world).totals
    assert totals is not None
    of_parts = {"list_known": totals.parts, "count_parts": totals.parts}
    # Each group's own parts, and those of an earlier group for the two users who need them.
    of_groups = {"list_kept": totals.groups, "read_parts": totals.groups + 2, "read_progress": 4}
    # Who was erased is asked before and behind each group, and when the run is counted and not yet done.
    of_groups |= {"list_marks": 2 * totals.groups + of_groups["read_progress"] - 1}
    of_all = {"get_run": 1, "page_owners": 1, "get_page": 2, "list_finished": 1, "list_prices": 2}
    assert world.reads == of_parts | of_groups | of_all


def test_a_run_that_is_called_for_again_after_its_end_is_left_as_it_is() -> None:
    world = three_users()
    run = played(world)
    writes, published = world.writes.copy(), world.published
    world.clock.advance(30)
    assert played(world) == run
    assert world.writes - writes == {"add_run": 1}
    assert world.published == published


def test_each_chain_is_asked_once_for_each_group() -> None:
    world = three_users()
    totals = played(world).totals
    assert totals is not None
    assert set(world.chain_reads.values()) == {1}
    assert len(world.chain_reads) == totals.parts


@pytest.mark.parametrize("seed", range(20))
def test_in_whatever_order_letters_come_nothing_is_done_twice(seed: int) -> None:
    world = three_users()
    world.call()
    Play(world).drain(Random(seed))
    check_runs(world)
    totals = world.runs.runs[RUN.id].totals
    assert totals is not None
    assert world.published == totals.parts + totals.groups
    assert set(world.chain_reads.values()) == {1}
    assert (world.writes["add_part"], world.writes["add_snapshots"]) == (totals.parts, totals.users)
    refused = [letter.data for letter in world.acknowledged if letter.refused]
    assert all(isinstance(decode(each), FinishGroup) for each in refused)


def test_a_group_without_wallets_of_others_is_never_asked_to_finish_too_early() -> None:
    for seed in range(20):
        world, random = World(), Random(seed)
        save(world, "alice", range(1, 4))
        save(world, "bob", range(2, 6), "base")
        world.remember_wishes()
        play = Play(world)
        play.finish(play.deliver(world.call()))
        while world.letters or play.workers:
            taken = [worker.letter for worker in play.workers]
            for letter in world.letters:
                if letter not in taken:
                    play.deliver(letter)
            play.step(random.choice(play.workers))
        check_runs(world)
        assert not any(letter.refused for letter in world.acknowledged)


def test_users_who_share_one_wallet_are_finished_though_most_groups_read_nothing() -> None:
    world = World()
    for number in range(230):
        save(world, f"user-{number:03d}", [1])
    world.remember_wishes()
    run = played(world)
    assert run.totals is not None
    assert (run.totals.groups, run.totals.parts, len(snapshots_of(world, run))) == (2, 2, 230)


def test_a_run_of_nobody_is_finished_at_once() -> None:
    world = World()
    world.remember_wishes()
    play = Play(world)
    play.finish(play.deliver(world.call()))
    assert world.runs.runs[RUN.id].finished_at == NOON
    assert not world.letters
    check_runs(world)


@pytest.mark.parametrize("seed", range(20))
def test_letters_may_come_in_any_order_and_one_to_three_times(seed: int) -> None:
    world, random = three_users(), Random(seed)
    play = Play(world)
    play.finish(play.deliver(world.call()))
    while world.letters:
        letter = random.choice(world.letters)
        for _ in range(random.randint(1, 3)):
            play.finish(play.deliver(letter))
    check_runs(world)
    assert all(snapshot.complete for snapshot in world.shelf.snapshots.values())


def test_workers_may_be_done_before_the_planner_is() -> None:
    world = three_users()
    play = Play(world)
    planner = play.deliver(world.call())
    play.step_to(planner, "after publish")
    while letters := [letter for letter in world.letters if letter is not planner.letter]:
        play.finish(play.deliver(letters[0]))
    assert len(snapshots_of(world, RUN)) == 3
    assert world.runs.runs[RUN.id].finished_at is None
    play.finish(planner)
    check_runs(world)


def test_a_process_that_saw_the_run_unplanned_looks_again() -> None:
    world = three_users()
    elsewhere, play = Play(world), Play(world)
    planner = elsewhere.deliver(world.call())
    elsewhere.step_to(planner, "after publish")
    reader = play.deliver(world.letters[1])
    play.step_to(reader, "before read_balances")
    elsewhere.finish(planner)
    play.drain()
    check_runs(world)
