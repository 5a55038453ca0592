"""Starting a run: whose wallets, in which messages, once however often it is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from shared.core.run_messages import FinishGroup, ReadPart, StartRun, decode
from shared.core.runs import Owner, PlanTotals, Run
from shared.errors import InvalidInput, UnknownMessage
from shared.services.runs_start import go_on, start_run
from tests.fakes import NOON
from tests.run_play import Play
from tests.run_process import Process
from tests.run_steps import step_through, step_to
from tests.run_truth import snapshots_of
from tests.run_world import RUN, SLUGS, World, save, wallet


def world_of(**users: Sequence[int]) -> World:
    world = World()
    for user, numbers in users.items():
        save(world, user, numbers)
    return world


def start(world: World, at: datetime = NOON, user: str | None = None) -> Run:
    return cast(Run, step_through(start_run(at, Process(world), user)))


def start_and_die(world: World) -> None:
    """A planner publishes a page's messages, and does not live to do more."""
    planner = start_run(NOON, Process(world))
    step_to(planner, "after publish")
    planner.close()


def messages(world: World) -> list[Any]:
    return [decode(letter.data) for letter in world.letters]


def test_a_wallet_of_two_users_is_read_once_on_each_chain() -> None:
    world = world_of(alice=(1, 2), bob=(2, 3))

    assert start(world).totals == PlanTotals(pages=1, groups=1, parts=2, users=2, wallets=3)
    everyone = (wallet(1), wallet(2), wallet(3))
    assert messages(world) == [ReadPart(RUN.id, 0, slug, everyone, 2) for slug in SLUGS]


def test_a_wallet_is_read_on_the_chains_that_it_is_saved_for() -> None:
    world = World()
    save(world, "alice", [1], "base")
    save(world, "bob", [1], "gnosis")
    run = start(world)

    assert messages(world) == [ReadPart(RUN.id, 0, "base", (wallet(1),), 1)]
    assert run.totals is not None
    assert run.totals.users == 1


def test_a_schedule_that_fires_twice_within_its_minute_starts_one_run() -> None:
    world = world_of(alice=[1])
    first = start(world)
    world.clock.advance(31)

    assert start(world, NOON + timedelta(seconds=31)) == first
    assert len(world.letters) == 2


def test_a_run_is_scheduled_at_the_time_that_its_id_tells() -> None:
    at = NOON + timedelta(seconds=31, microseconds=7)
    of_all, of_one = start(World(), at), start(World(), at, "alice")

    assert (of_all.id, of_all.scheduled_at) == ("20261121T120000Z", NOON)
    assert of_one.id.startswith("20261121T120031.000007Z-")
    assert of_one.scheduled_at == at


def test_a_users_own_run_has_that_users_wallets_only() -> None:
    world = world_of(alice=[1], bob=[2])
    run = start(world, user="bob")

    assert run.user_id == "bob"
    assert [message.wallets for message in messages(world)] == [(wallet(2),)] * 2
    assert world.runs.prices == {}  # not worth the prices of everything


@pytest.mark.parametrize("user", [None, "alice"])
def test_a_run_of_nothing_is_finished_at_once(user: str | None) -> None:
    run = start(World(), user=user)

    assert run.finished_at == NOON
    assert run.totals is not None
    assert run.totals.users == 0


@pytest.mark.parametrize("seconds", [61, 86_400])
def test_a_run_of_the_future_is_refused(seconds: int) -> None:
    world = World()
    with pytest.raises(InvalidInput, match="run"):
        start(world, NOON + timedelta(seconds=seconds))
    assert world.runs.runs == {}


def test_a_clock_that_is_a_little_ahead_is_no_future() -> None:
    assert start(World(), NOON + timedelta(seconds=59)).id == RUN.id


def test_going_on_with_a_run_that_is_not_there_is_unknown() -> None:
    with pytest.raises(UnknownMessage):
        step_through(go_on(RUN.id, Process(World())))


def test_another_planner_publishes_what_may_not_have_been_published() -> None:
    world = world_of(alice=range(1, 61))
    start_and_die(world)
    published = messages(world)
    world.letters.clear()
    step_through(go_on(RUN.id, Process(world)))

    assert messages(world) == published
    assert world.runs.runs[RUN.id].totals == PlanTotals(1, 2, 4, 1, 60)


def test_parts_that_are_there_are_not_asked_for_again() -> None:
    world = world_of(alice=[1])
    start_and_die(world)
    play = Play(world)
    for letter in list(world.letters):
        play.finish(play.deliver(letter))
    world.letters.clear()
    step_through(go_on(RUN.id, Process(world)))

    assert messages(world) == []


def test_of_two_planners_who_saw_other_wallets_the_first_page_counts() -> None:
    world = world_of(alice=[1])
    slow = start_run(NOON, Process(world))
    step_to(slow, "before add_page")
    save(world, "bob", [2])
    fast, late = start(world), step_through(slow)

    assert fast.totals == late.totals == PlanTotals(1, 1, 2, 2, 2)
    Play(world).drain()
    assert sorted(snapshots_of(world, fast)) == ["alice", "bob"]


class SlowOwners:
    """Six thousand users of one wallet each; two minutes pass with every five hundred."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def page_owners(self, after: str | None, limit: int) -> tuple[Owner, ...]:
        self._world.clock.advance(120)
        first = 0 if after is None else int(after) + 1
        return tuple(_owner(number) for number in range(first, min(first + limit, 6_000)))

    async def page_users(self, after: str | None, limit: int) -> tuple[str, ...]:
        return tuple(owner.user_id for owner in await self.page_owners(after, limit))


def _owner(number: int) -> Owner:
    return Owner(f"{number:05}", ((wallet(number + 1), ()),))


def test_a_long_planning_is_cut_and_goes_on_with_a_message() -> None:
    world = World()
    process = Process(world)
    process.store = replace(process.store, owners=SlowOwners(world))
    step_through(start_run(NOON, process))

    (cut,) = [letter for letter in world.letters if letter.topic == "snapshot"]
    assert decode(cut.data) == StartRun(RUN.id)
    world.letters.remove(cut)
    step_through(go_on(RUN.id, process))

    totals = world.runs.runs[RUN.id].totals
    assert totals == PlanTotals(pages=2, groups=120, parts=240, users=6_000, wallets=6_000)
    asked = {(m.group, m.chain): m.wallets for m in messages(world) if isinstance(m, ReadPart)}
    assert len(asked) == 240
    assert len({address for wallets in asked.values() for address in wallets}) == 6_000
    assert not any(isinstance(m, FinishGroup) for m in messages(world))


def test_times_are_those_of_the_start() -> None:
    world = World()
    world.clock.advance(30)
    run = start(world)

    assert run.started_at == NOON + timedelta(seconds=30)
    assert run.give_up_at - run.started_at == timedelta(minutes=5)
    assert run.overdue_at - run.started_at == timedelta(minutes=15)


@pytest.mark.parametrize("user", [None, "alice"])
def test_a_run_that_never_began_ends_as_nothing_when_its_moment_is_past(user: str | None) -> None:
    world = world_of(alice=(1,))
    planner = start_run(NOON, Process(world), user)
    step_to(planner, "after add_run")
    planner.close()
    (run_id,) = world.runs.runs
    world.clock.advance(3 * 86_400)
    step_through(go_on(run_id, Process(world)))

    run = world.runs.runs[run_id]
    assert run.finished_at == world.clock.now
    assert run.totals == PlanTotals(pages=1, groups=0, parts=0, users=0, wallets=0)
    assert (world.letters, world.said, world.runs.prices) == ([], set(), {})


def test_a_run_that_began_is_planned_to_its_end_though_its_moment_is_past() -> None:
    world = world_of(alice=(1,))
    start_and_die(world)
    world.clock.advance(3 * 86_400)
    Play(world).drain(sweeping=True)

    made = snapshots_of(world, RUN)["alice"]
    assert (made.complete, made.total_usd) == (False, Decimal(0))
    assert {failure.message for failure in made.errors} == {f"{s}: was not read in time" for s in SLUGS}
