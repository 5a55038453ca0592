"""Plays snapshot runs by hand: the services' own coroutines, stepped from one call of a port to the next."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context as Variables
from contextvars import copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any

from shared.errors import Unavailable, UnknownMessage
from shared.services.runs_start import start_run
from shared.store.claims import ErasedMeanwhile
from shared.store.run_memory import RunMemory
from tests.run_process import Process
from tests.run_steps import act_on
from tests.run_world import Letter, World

_MOST_MINUTES = 90
"""A planner that died is followed by another after an hour."""


@dataclass(eq=False)
class Worker:
    """A process that acts on a letter."""

    letter: Letter
    coroutine: Coroutine[Any, Any, object]
    at: str = "start"
    variables: Variables = field(default_factory=copy_context)


class Play:
    """Workers in a world; two processes share them, each with a memory of its own."""

    def __init__(self, world: World, *, counts_deliveries: bool = True) -> None:
        """`counts_deliveries` says whether workers are told how often a letter came."""
        self.world = world
        self.workers: list[Worker] = []
        self._counts_deliveries = counts_deliveries
        self._memories = [RunMemory(), RunMemory()]

    def deliver(self, letter: Letter) -> Worker:
        """A worker takes the letter, which others may be at work on too."""
        attempt = letter.refused + 1 if self._counts_deliveries else None
        process = Process(self.world, self._memories[len(self.workers) % 2])
        worker = Worker(letter, _act(letter, attempt, process))
        self.workers.append(worker)
        return worker

    def step(self, worker: Worker, times: int = 1) -> bool:
        """The worker goes on to its next stop, so many times; whether it is still at work."""
        for _ in range(times):
            try:
                worker.at = worker.variables.run(worker.coroutine.send, None)
            except StopIteration:
                self._settle(worker)
                return False
            except UnknownMessage:
                self.world.dead.append(worker.letter.data)
                self._settle(worker)
                return False
            except Unavailable:
                worker.letter.refused += 1
                self.workers.remove(worker)
                return False
        return True

    def step_to(self, worker: Worker, stop: str) -> None:
        """The worker goes on until it is there."""
        while worker.at != stop:
            assert self.step(worker), f"it ended before it was {stop}"

    def finish(self, worker: Worker) -> None:
        """The worker goes on to its end."""
        self.step(worker, 100_000)

    def kill(self, worker: Worker) -> None:
        """The process dies where it is, and with it what it remembered; its letter will come again."""
        worker.variables.run(worker.coroutine.close)
        self.workers.remove(worker)
        worker.letter.refused += 1
        self._memories = [RunMemory(), RunMemory()]

    def drain(self, random: Random | None = None, *, sweeping: bool = False) -> None:
        """Deliver everything, in the order of sending or at random, until nothing is left.

        What is refused comes again every minute. Only where letters were lost a sweep is needed. Fails when
        something is stuck.
        """
        for worker in list(self.workers):
            self.finish(worker)
        for minute in range(_MOST_MINUTES):
            self._deliver_each(random)
            if not self.world.letters and all(run.finished_at for run in self.world.runs.runs.values()):
                return
            self.world.clock.advance(60)
            if sweeping and minute % 5 == 4:
                self.world.sweep()
        raise AssertionError(f"stuck: {self.world.letters} {self.world.runs.runs}")

    def _deliver_each(self, random: Random | None) -> None:
        """Every letter once, also those that are sent meanwhile."""
        tried: set[Letter] = set()
        while fresh := [letter for letter in self.world.letters if letter not in tried]:
            letter = random.choice(fresh) if random else fresh[0]
            tried.add(letter)
            self.finish(self.deliver(letter))

    def _settle(self, worker: Worker) -> None:
        self.workers.remove(worker)
        if worker.letter in self.world.letters:
            self.world.letters.remove(worker.letter)
            self.world.acknowledged.append(worker.letter)


async def _act(letter: Letter, attempt: int | None, sources: Process) -> None:
    if letter.user is not None:
        era = await sources.store.erasures.read_era(letter.user)
        with suppress(ErasedMeanwhile):
            await start_run(letter.at, sources, letter.user, era)
    elif letter.topic == "scheduler":
        await start_run(letter.at, sources)
    else:
        await act_on(letter.data, attempt, sources)
