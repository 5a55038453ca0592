"""Plays a run: the services' own coroutines, stepped by hand on the engine's clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import thread_time
from typing import Any

from shared.bus.redelivery import Redelivery
from shared.core.run_ids import run_id
from shared.core.run_messages import SweepRuns, encode
from shared.core.runs import PlanTotals
from shared.errors import Unavailable
from shared.services.runs_start import start_run
from tests.run_steps import act_on, step_through
from tests.simulate.before import Before
from tests.simulate.edges import Edges
from tests.simulate.engine import Delivery, Engine, Fleet, Instance, Step
from tests.simulate.facts import EdgeFacts
from tests.simulate.market import Crowd, Market
from tests.simulate.process import (
    Process,
    SimulatedBus,
    SimulatedPrices,
    delivered_bytes,
    simulated_store,
)

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
_SCHEDULED = b""
"""What stands for the scheduler's call: no message is empty."""
_REDELIVERY = Redelivery()


@dataclass(frozen=True, slots=True)
class Played:
    """What a run took: its totals, the tally, how long it is, and the seconds that are billed."""

    totals: PlanTotals
    tally: Counter[tuple[str, str]]
    planned_after: float
    done_after: float
    billed: float
    deliveries: Sequence[Delivery]


class RunPlay:
    """One run of a crowd, with so many instances of `fetch_balances` and one of `snapshot`."""

    def __init__(self, crowd: Crowd, chains: int, instances: int, facts: EdgeFacts) -> None:
        self._facts = facts
        self._instances = instances
        self._edges = Edges(facts)
        self._engine = Engine(_fleets(instances, facts), self._steps)
        self._market = Market(chains)
        self._store = simulated_store(self._edges, crowd, Before(self._market, START), self._clock)
        self._bus = SimulatedBus(self._edges)
        self._processes: dict[Instance, Process] = {}

    def play(self) -> Played:
        """Play it to its end; a run that is not closed by then is closed by the sweep, when that is due."""
        first = [Delivery("snapshot", _SCHEDULED, 0)]
        self._engine.run(first)
        planned = self._engine.last_end["snapshot"]
        done = self._engine.now
        overdue = timedelta(minutes=15).total_seconds()
        self._engine.now = max(done, overdue)
        self._edges.count("messages", "snapshot")
        self._engine.run([Delivery("snapshot", encode(SweepRuns()), 0)])
        tally = self._edges.tally.copy()
        run = step_through(self._store.runs.get_run(run_id(START)))
        if run is None or run.totals is None or run.finished_at is None:
            raise AssertionError("the run did not come to its end")
        self._check(run.totals)
        return Played(run.totals, tally, planned, done, self._engine.billed, first)

    def _check(self, totals: PlanTotals) -> None:
        progress = step_through(self._store.parts.read_progress(run_id(START)))
        assert progress.snapshots == totals.users, "a snapshot is missing"
        assert progress.parts_read == totals.parts, "a part is missing"
        assert not progress.snapshots_incomplete, "a snapshot lacks something"

    def _clock(self) -> datetime:
        return START + timedelta(seconds=self._engine.now)

    def _process(self, instance: Instance) -> Process:
        known = self._processes.get(instance)
        if known is None:
            prices = SimulatedPrices(self._edges, self._clock)
            known = Process(self._store, self._bus, prices, self._market, self._edges, self._clock)
            self._processes[instance] = known
        return known

    def _steps(self, delivery: Delivery, instance: Instance) -> Iterator[Step]:
        """The delivery's steps as they are made; they are remembered for playing it again."""
        for step in self._made(delivery, instance):
            delivery.steps.append(step)
            yield step
        delivery.data = b""

    def _made(self, delivery: Delivery, instance: Instance) -> Iterator[Step]:
        if delivery.data:
            self._edges.count("bytes", "delivered", delivered_bytes(delivery.data))
        self._edges.count("requests", delivery.function)
        work = act(delivery, self._process(instance))
        variables, spent, at_work = copy_context(), self._facts.cpu["deliver"], True
        while at_work:
            started, wait = thread_time(), 0.0
            try:
                pause = variables.run(work.send, None)
                wait, spent = pause.seconds, spent + pause.cpu
            except StopIteration:
                at_work = False
            except Unavailable:
                self._edges.count("messages", "refused")
                self._edges.sent.append(self._again(delivery))
                at_work = False
            sends, self._edges.sent = tuple(self._edges.sent), []
            yield Step(spent + thread_time() - started, wait, sends)
            spent = 0.0

    def _again(self, delivery: Delivery) -> Delivery:
        wait = _REDELIVERY.wait_after(delivery.attempt, self._edges.chance())
        return Delivery(delivery.function, delivery.data, wait, delivery.attempt + 1)


def play_again(played: Played, instances: int, facts: EdgeFacts) -> float:
    """Seconds to the end of the same deliveries, with another number of instances."""
    engine = Engine(_fleets(instances, facts), lambda delivery, _: iter(delivery.steps))
    engine.run(played.deliveries)
    return engine.now


async def act(delivery: Delivery, process: Process) -> None:
    """What the functions do with a delivery."""
    if delivery.data == _SCHEDULED:
        await start_run(START, process)
    else:
        await act_on(delivery.data, delivery.attempt, process)


def _fleets(instances: int, facts: EdgeFacts) -> dict[Any, Fleet]:
    return {
        "snapshot": Fleet(1, facts.concurrency),
        "fetch-balances": Fleet(instances, facts.concurrency),
    }
