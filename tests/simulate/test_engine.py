"""The virtual clock: places, CPUs and waits add up as they would on real instances."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulate.engine import Delivery, Engine, Fleet, Instance, Step


def deliveries(count: int, *steps: Step, delay: float = 0) -> list[Delivery]:
    return [Delivery("fetch-balances", b"", delay, steps=list(steps)) for _ in range(count)]


def engine_of(instances: int, concurrency: int) -> Engine:
    fleets = {"fetch-balances": Fleet(instances, concurrency)}
    return Engine(fleets, lambda delivery, _: iter(delivery.steps))  # type: ignore[arg-type]


def test_waits_overlap_up_to_the_concurrency_of_an_instance() -> None:
    engine = engine_of(1, 4)

    engine.run(deliveries(12, Step(0, 2.0)))

    assert engine.now == 6.0


def test_the_cpu_of_an_instance_does_one_thing_at_a_time() -> None:
    engine = engine_of(1, 16)

    engine.run(deliveries(10, Step(0.5, 0)))

    assert engine.now == 5.0


def test_the_cpus_of_two_instances_work_at_the_same_time() -> None:
    engine = engine_of(2, 16)

    engine.run(deliveries(10, Step(0.5, 0)))

    assert engine.now == 2.5


def test_what_a_step_sends_arrives_after_its_delay() -> None:
    engine = engine_of(1, 1)
    answer = deliveries(1, Step(0, 1.0), delay=0.25)[0]

    engine.run(deliveries(1, Step(0, 2.0, (answer,))))

    assert engine.now == 3.0


def test_an_instance_is_billed_for_the_time_in_which_it_has_work() -> None:
    engine = engine_of(2, 1)

    engine.run([*deliveries(1, Step(0, 1.0)), *deliveries(1, Step(0, 0.31), delay=10.0)])

    assert engine.billed == pytest.approx(1.4)


@pytest.mark.parametrize(("seconds", "billed"), [(0.1, 0.1), (0.3, 0.3), (0.31, 0.4), (0.0, 0.0)])
def test_time_is_billed_by_the_tenth_of_a_second(seconds: float, billed: float) -> None:
    instance = Instance(0)

    instance.begin(0.7)
    instance.end(0.7 + seconds)

    assert instance.billed == pytest.approx(billed)


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=40),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_work_takes_no_less_than_its_share_of_the_places(
    waits: list[int], instances: int, concurrency: int
) -> None:
    engine = engine_of(instances, concurrency)
    places = instances * concurrency

    engine.run([each for wait in waits for each in deliveries(1, Step(0, float(wait)))])

    assert engine.now >= max(math.fsum(waits) / places, *waits)
    assert engine.now <= math.fsum(waits) / places + max(waits)
