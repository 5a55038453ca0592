"""Instances of functions at work on a virtual clock: deliveries wait for a place, steps wait for a CPU."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from typing import NamedTuple

from shared.bus.ports import Topic

# Instances are billed in such steps (https://cloud.google.com/run/pricing).
_BILLED_AT_ONCE = 0.1


class Step(NamedTuple):
    """A piece of work: CPU seconds, then a wait for something outside; what is sent when it begins."""

    cpu: float
    wait: float
    sends: tuple[Delivery, ...] = ()


@dataclass(eq=False, slots=True)
class Delivery:
    """A message on its way to a function, which it reaches `delay` seconds after it is sent."""

    function: Topic
    data: bytes
    delay: float
    attempt: int = 1
    steps: list[Step] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Instance:
    """One process with one CPU."""

    number: int
    cpu_free_at: float = 0
    at_work: int = 0
    since: float = 0
    billed: float = 0

    def begin(self, now: float) -> None:
        """A delivery is taken."""
        if not self.at_work:
            self.since = now
        self.at_work += 1

    def end(self, now: float) -> None:
        """A delivery is done; without any the instance costs nothing."""
        self.at_work -= 1
        if not self.at_work:
            # Rounded first: 0.3 of a clock that is added to is a little more than 0.3.
            self.billed += ceil(round((now - self.since) / _BILLED_AT_ONCE, 6)) * _BILLED_AT_ONCE


class Fleet:
    """The instances of one function, and what waits for them."""

    def __init__(self, instances: int, concurrency: int) -> None:
        self.instances = [Instance(number) for number in range(instances)]
        self.waiting: deque[Delivery] = deque()
        # One place after the other of each instance, so that all get work before one gets much.
        self.places = deque(instance for _ in range(concurrency) for instance in self.instances)


Begin = Callable[[Delivery, Instance], Iterator[Step]]
"""The steps of a delivery at an instance, made as they are asked for."""


@dataclass(eq=False, slots=True)
class _Worker:
    delivery: Delivery
    instance: Instance
    steps: Iterator[Step]


class Engine:
    """Runs deliveries until none is left; the same ones in the same order give the same times."""

    def __init__(self, fleets: Mapping[Topic, Fleet], begin: Begin) -> None:
        self.now = 0.0
        self.fleets = fleets
        self.last_end: dict[Topic, float] = {}
        """When each function last had something done."""
        self._begin = begin
        self._events: list[tuple[float, int, _Worker | Delivery]] = []
        self._order = count()

    @property
    def billed(self) -> float:
        """Seconds in which instances were at work, in all."""
        return sum(each.billed for fleet in self.fleets.values() for each in fleet.instances)

    def run(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver these, and all that is sent on account of them."""
        self._send(deliveries)
        while self._events:
            self.now, _, due = heapq.heappop(self._events)
            if isinstance(due, Delivery):
                fleet = self.fleets[due.function]
                fleet.waiting.append(due)
                self._take(fleet)
            else:
                self._go_on(due)

    def _send(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._at(self.now + delivery.delay, delivery)

    def _at(self, moment: float, due: _Worker | Delivery) -> None:
        heapq.heappush(self._events, (moment, next(self._order), due))

    def _take(self, fleet: Fleet) -> None:
        while fleet.waiting and fleet.places:
            delivery, instance = fleet.waiting.popleft(), fleet.places.popleft()
            instance.begin(self.now)
            self._go_on(_Worker(delivery, instance, self._begin(delivery, instance)))

    def _go_on(self, worker: _Worker) -> None:
        """The worker's next step: when the CPU of its instance is free, and done after its wait."""
        step, instance = next(worker.steps, None), worker.instance
        if step is None:
            self._end(worker)
            return
        instance.cpu_free_at = max(self.now, instance.cpu_free_at) + step.cpu
        self._send(step.sends)
        self._at(instance.cpu_free_at + step.wait, worker)

    def _end(self, worker: _Worker) -> None:
        worker.instance.end(self.now)
        self.last_end[worker.delivery.function] = self.now
        fleet = self.fleets[worker.delivery.function]
        fleet.places.append(worker.instance)
        self._take(fleet)
