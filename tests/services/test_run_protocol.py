"""The protocol of snapshot runs: whatever happens in whatever order, each of them ends well.

The services' own coroutines are stepped by hand from one call of a port to the next.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.core.snapshots import Snapshot
from tests.fakes import NOON
from tests.run_play import Play
from tests.run_truth import check_runs, check_so_far
from tests.run_world import SLUGS, Fault, Letter, World, save

FAULTS: list[Fault] = ["before", "after"]
BUS_FAULTS: list[Fault] = ["before", "between", "after"]
USERS = tuple(f"user-{n}" for n in range(5))


class RunProtocol(RuleBasedStateMachine):
    """Anything that may happen, in any order; in the end all runs are as they should be."""

    @initialize(
        seed=st.integers(0, 2**32),
        users=st.integers(0, 4),
        many=st.booleans(),
        counted=st.booleans(),
        losing=st.booleans(),
        lending=st.booleans(),
    )
    def begin(self, seed: int, users: int, many: bool, counted: bool, losing: bool, lending: bool) -> None:
        self.random = Random(seed)
        self.world = World()
        if lending:
            self.world.lend()
        self.play = Play(self.world, counts_deliveries=counted)
        self.most = 70 if many else 3
        # Where no letter is ever lost, all has to end well without a sweep.
        self.losing = losing
        for user in USERS[:users]:
            self._save_some(user)
        self.world.remember_wishes()
        self.world.call()
        self.kept: dict[tuple[str, str], Snapshot] = {}

    def _save_some(self, user: str) -> None:
        first = self.random.randint(1, 100)
        numbers = range(first, first + self.random.randint(1, self.most))
        save(self.world, user, numbers, *self.random.choice([(), (), SLUGS[:1], SLUGS[1:]]))

    def _letter(self, which: int) -> Letter:
        return self.world.letters[which % len(self.world.letters)]

    @precondition(lambda self: self.world.letters)
    @rule(which=st.integers(0, 50), copies=st.integers(1, 3), steps=st.integers(0, 40))
    def deliver(self, which: int, copies: int, steps: int) -> None:
        letter = self._letter(which)
        for _ in range(copies):
            if letter in self.world.letters:
                self.play.step(self.play.deliver(letter), steps)

    @precondition(lambda self: self.world.letters)
    @rule(share=st.sampled_from([1, 2, 3]))
    def deliver_many(self, share: int) -> None:
        letters = self.random.sample(self.world.letters, -(-len(self.world.letters) // share))
        for letter in letters:
            if letter in self.world.letters:
                self.play.finish(self.play.deliver(letter))

    @precondition(lambda self: self.world.acknowledged)
    @rule(which=st.integers(0, 50))
    def deliver_again_what_was_acknowledged(self, which: int) -> None:
        letters = self.world.acknowledged
        self.play.deliver(letters[which % len(letters)])

    @precondition(lambda self: self.play.workers)
    @rule(which=st.integers(0, 5), steps=st.integers(1, 12))
    def step(self, which: int, steps: int) -> None:
        self.play.step(self.play.workers[which % len(self.play.workers)], steps)

    @precondition(lambda self: len(self.play.workers) > 1)
    @rule(turns=st.lists(st.booleans(), max_size=30))
    def interleave(self, turns: list[bool]) -> None:
        pair = self.play.workers[:2]
        for turn in turns:
            self.world.price_factor += 1
            if pair[turn] in self.play.workers:
                self.play.step(pair[turn])

    @precondition(lambda self: self.play.workers)
    @rule(which=st.integers(0, 5))
    def kill(self, which: int) -> None:
        self.play.kill(self.play.workers[which % len(self.play.workers)])

    @precondition(lambda self: self.losing and self.world.letters)
    @rule(which=st.integers(0, 50))
    def lose(self, which: int) -> None:
        self.world.letters.remove(self._letter(which))

    @rule(minutes=st.sampled_from([0, 0, 0, 60]))
    def fire(self, minutes: int) -> None:
        at = NOON + timedelta(minutes=minutes)
        if at <= self.world.clock.now:
            self.world.call(at)

    @rule(user=st.sampled_from(USERS), first=st.integers(0, 16), second=st.integers(0, 16))
    def plan_twice_while_wallets_change(self, user: str, first: int, second: int) -> None:
        for steps in (first, second):
            self.play.step(self.play.deliver(self.world.call()), steps)
            self._save_some(user)
            self.world.remember_wishes()

    @rule(user=st.sampled_from(USERS))
    def ask(self, user: str) -> None:
        self.world.call(user=user)

    @precondition(lambda self: self.losing)
    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @rule(minutes=st.sampled_from([1, 4, 6, 16, 130]))
    def pass_time(self, minutes: int) -> None:
        self.world.clock.advance(60 * minutes)

    @rule(slug=st.sampled_from(SLUGS))
    def take_a_chain_down_or_up(self, slug: str) -> None:
        self.world.down ^= {slug}

    @rule(slug=st.sampled_from(SLUGS))
    def take_a_vault_down_or_up(self, slug: str) -> None:
        self.world.vaults_down ^= {slug}

    @rule()
    def take_the_prices_down_or_up(self) -> None:
        self.world.prices_down = not self.world.prices_down

    @rule()
    def move_the_prices(self) -> None:
        self.world.price_factor += 1

    @rule(when=st.sampled_from(FAULTS))
    def break_the_store(self, when: Fault) -> None:
        self.world.store_trouble.when = when

    @rule(when=st.sampled_from(BUS_FAULTS))
    def break_the_bus(self, when: Fault) -> None:
        self.world.bus_trouble.when = when

    @rule(user=st.sampled_from(USERS))
    def forget_wallets(self, user: str) -> None:
        self.world.forget(user)
        self.world.remember_wishes()

    @rule(user=st.sampled_from(USERS))
    def save_wallets(self, user: str) -> None:
        self._save_some(user)
        self.world.remember_wishes()

    @invariant()
    def no_run_is_finished_too_early(self) -> None:
        check_so_far(self.world)

    @invariant()
    def what_is_kept_stays_as_it_is(self) -> None:
        now = dict(self.world.shelf.snapshots)
        assert self.kept.items() <= now.items()
        self.kept = now

    def teardown(self) -> None:
        self.play.drain(self.random, sweeping=self.losing)
        self.what_is_kept_stays_as_it_is()
        check_runs(self.world)
        assert self.world.dead == []


RunProtocol.TestCase.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
TestRunProtocol = RunProtocol.TestCase
