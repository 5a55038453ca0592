"""The breaker opens, rests, probes once, and closes."""

from __future__ import annotations

from shared.prices.breaker import Breaker


def failing(times: int, rest: float | None = None) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker.failed(0, rest)
    return breaker


def test_two_failures_are_borne() -> None:
    assert failing(2).admits(0)


def test_three_failures_in_a_row_open_it() -> None:
    assert not failing(3).admits(29.9)


def test_a_success_between_failures_starts_the_count_anew() -> None:
    breaker = failing(2)
    breaker.succeeded()
    breaker.failed(0)

    assert breaker.admits(0)


def test_after_the_rest_one_probe_is_admitted_until_it_is_settled() -> None:
    breaker = failing(3)

    assert breaker.admits(30)
    assert not breaker.admits(30)
    breaker.settled()
    assert breaker.admits(30)


def test_a_failed_probe_doubles_the_rest_up_to_ten_minutes() -> None:
    breaker = failing(4)
    assert not breaker.admits(59.9)
    assert breaker.admits(60)

    assert not failing(40).admits(599.9)
    assert failing(40).admits(600)


def test_a_good_probe_closes_it() -> None:
    breaker = failing(3)
    breaker.admits(30)
    breaker.succeeded()
    breaker.settled()

    assert breaker.admits(30)
    assert breaker.admits(30)


def test_a_rest_that_was_asked_for_is_kept_at_the_first_failure_but_for_an_hour_at_most() -> None:
    assert not failing(1, rest=17).admits(16.9)
    assert failing(1, rest=17).admits(17)
    assert failing(1, rest=10**9).admits(3_600)
