"""Snapshot runs while chains, prices or messages are not as they should be: what is missing is named."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.core.ids import Address
from shared.core.run_messages import FinishGroup, ReadPart, StartRun, encode
from tests.run_play import Play
from tests.run_truth import check_runs, played, snapshots_of
from tests.run_world import RUN, SLUGS, Letter, three_users


def test_a_chain_that_is_down_for_the_whole_run_is_named_and_costs_nothing_else() -> None:
    world = three_users()
    world.down.add("base")
    made = snapshots_of(world, played(world))
    assert {tuple(f.chain for f in snapshot.errors) for snapshot in made.values()} == {("base",)}
    assert all(snapshot.total_usd > 0 for snapshot in made.values())


@pytest.mark.parametrize("slugs", [("base",), SLUGS, ()])
def test_what_comes_back_in_time_is_not_missing(slugs: tuple[str, ...]) -> None:
    world = three_users()
    world.down, world.prices_down = set(slugs), not slugs
    play = Play(world)
    world.call()
    for _ in range(3):
        for letter in list(world.letters):
            play.finish(play.deliver(letter))
        world.clock.advance(60)
    world.down, world.prices_down = set(), False
    play.drain()
    check_runs(world)
    assert all(snapshot.complete for snapshot in world.shelf.snapshots.values())


def test_a_price_source_that_is_down_makes_the_snapshots_incomplete_in_the_end() -> None:
    world = three_users()
    world.prices_down = True
    made = snapshots_of(world, played(world))
    assert {(s.total_usd, s.complete) for s in made.values()} == {(Decimal(0), False)}


def test_a_price_that_moves_during_a_run_is_the_same_for_all_users() -> None:
    world = three_users()
    play = Play(world)
    world.call()
    while world.letters:
        world.price_factor += 1
        play.finish(play.deliver(world.letters[0]))
    play.drain()
    check_runs(world)


@pytest.mark.parametrize(
    "poison",
    [
        b"\xff",
        b'{"v":2,"kind":"sweep-runs"}',
        encode(StartRun("20261121T090000Z")),
        encode(ReadPart("20261121T090000Z", 0, "base", (Address("0x" + "11" * 20),), 1)),
        encode(ReadPart(RUN.id, 0, "solana", (Address("0x" + "11" * 20),), 1)),
        encode(FinishGroup(RUN.id, 7, 0)),
        encode(FinishGroup(RUN.id, 0, 7)),
    ],
)
def test_a_message_that_nobody_can_act_on_is_put_aside(poison: bytes) -> None:
    world = three_users()
    play = Play(world)
    play.finish(play.deliver(world.call()))
    world.letters.append(Letter("fetch-balances", poison))
    play.drain()
    check_runs(world)
    assert world.dead == [poison]


def test_a_part_whose_message_is_lost_is_named_in_the_snapshots_that_need_it() -> None:
    world = three_users()
    play = Play(world)
    play.finish(play.deliver(world.call()))
    del world.letters[0]
    play.drain(sweeping=True)
    check_runs(world)
    made = snapshots_of(world, RUN)
    reasons = {user: [failure.message for failure in made[user].errors] for user in made}
    lost = "ethereum: was not read in time"
    assert reasons == {"alice": [lost], "bob": [lost], "carol": []}
    totals = world.runs.runs[RUN.id].totals
    assert totals is not None
    assert world.counts.total("parts_total") == totals.parts
