"""The waits between deliveries grow, are spread, and are long enough in all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.redelivery import Redelivery


@pytest.mark.parametrize(
    ("attempt", "shortest", "longest"), [(1, 0.5, 1), (2, 1, 2), (6, 16, 32), (7, 30, 60), (19, 30, 60)]
)
def test_a_wait_doubles_up_to_the_most(attempt: int, shortest: float, longest: float) -> None:
    assert Redelivery().wait_after(attempt, 0.0) == shortest
    assert Redelivery().wait_after(attempt, 1.0) == longest


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_no_wait_is_outside_of_the_bounds(attempt: int, chance: float) -> None:
    assert 0.5 <= Redelivery().wait_after(attempt, chance) <= 60


def test_a_message_outlives_the_five_minutes_that_a_run_waits_for_a_part() -> None:
    usual = Redelivery()

    assert sum(usual.wait_after(attempt, 0.0) for attempt in range(1, usual.attempts)) > 5 * 60
