"""When an endpoint is left alone, when it is asked again, and how long it may take."""

import math

import pytest

from shared.chain.health import Health, HealthPolicy
from shared.errors import RpcError, RpcRateLimited, RpcRefused, RpcTimeout, RpcUnavailable

POLICY = HealthPolicy(
    rest=1,
    longest_rest=8,
    refused_rest=600,
    longest_absence=5,
    probe=1.5,
    latency_remembered=100,
    hedge=1,
    shortest_hedge=0.25,
    longest_hedge=3,
)
DOWN = RpcUnavailable("down")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(POLICY, clock)


def ask(health: Health, clock: Clock, seconds: float, error: RpcError | None = None) -> None:
    began = health.begin()
    clock.now += seconds
    if error is None:
        health.succeeded(began)
    else:
        health.failed(began, error)


def test_a_new_endpoint_may_be_asked(health: Health) -> None:
    assert (health.rest_left, health.failures, health.latency) == (0, 0, None)


def test_rests_grow_with_each_failure_up_to_a_bound(health: Health, clock: Clock) -> None:
    rests = []
    for _ in range(6):
        ask(health, clock, 0.1, DOWN)
        rests.append(health.rest_left)
        clock.now += health.rest_left

    assert rests == pytest.approx([1, 2, 4, 8, 8, 8])
    assert health.failures == 6


def test_a_success_ends_it(health: Health, clock: Clock) -> None:
    ask(health, clock, 0.1, DOWN)
    ask(health, clock, 0.1)

    assert (health.rest_left, health.failures) == (0, 0)


def test_failures_that_were_under_way_together_count_once(health: Health, clock: Clock) -> None:
    together = [health.begin() for _ in range(20)]
    clock.now += 1
    for began in together:
        health.failed(began, RpcTimeout("late"))
        clock.now += 0.001

    assert health.failures == 1
    assert health.rest_left == pytest.approx(1, abs=0.01)


def test_after_the_rest_a_single_probe_is_let_through(health: Health, clock: Clock) -> None:
    ask(health, clock, 0, DOWN)
    clock.now += 1
    assert health.rest_left == 0

    health.begin()

    assert health.rest_left == 1


def test_a_probe_that_never_ends_keeps_others_away_for_one_rest_only(health: Health, clock: Clock) -> None:
    ask(health, clock, 0, DOWN)
    clock.now += 1
    health.begin()
    clock.now += 1

    assert health.rest_left == 0


def test_a_rate_limit_rests_it_for_as_long_as_was_asked_within_reason(health: Health, clock: Clock) -> None:
    ask(health, clock, 0, RpcRateLimited("patience", 5))
    assert health.rest_left == 5

    ask(health, clock, 0, RpcRateLimited("patience", 1e9))
    assert health.rest_left == 8


def test_a_refusal_rests_it_long(health: Health, clock: Clock) -> None:
    ask(health, clock, 0, RpcRefused("a key"))

    assert health.rest_left == 600


def test_a_later_failure_does_not_shorten_a_rest(health: Health, clock: Clock) -> None:
    ask(health, clock, 0, RpcRefused("a key"))
    ask(health, clock, 0, DOWN)

    assert health.rest_left == 600


def test_a_lone_quick_failure_is_no_reason_to_stay_away_from_the_only_endpoint(
    health: Health, clock: Clock
) -> None:
    ask(health, clock, 0.1, DOWN)
    assert (health.rest_left, health.absence_left) == (1, 0)

    ask(health, clock, 0.1, DOWN)
    assert (health.rest_left, health.absence_left) == (2, 2)


def test_one_that_hung_is_left_alone_at_once(health: Health, clock: Clock) -> None:
    ask(health, clock, 6, RpcTimeout("late"))

    assert (health.rest_left, health.absence_left) == (1, 1)


def test_a_time_out_of_one_who_had_no_time_does_not_count_as_hanging(health: Health, clock: Clock) -> None:
    ask(health, clock, 0.1, RpcTimeout("late"))

    assert (health.absence_left, health.patience) == (0, math.inf)


def test_however_long_it_rests_it_is_asked_again_where_all_others_rest_too(
    health: Health, clock: Clock
) -> None:
    ask(health, clock, 0, DOWN)
    ask(health, clock, 0, RpcRefused("a key"))
    assert (health.rest_left, health.absence_left) == (600, 5)

    clock.now += 5
    assert health.absence_left == 0

    health.begin()
    assert health.absence_left == 5


def test_after_a_time_out_an_attempt_is_short_until_one_succeeds(health: Health, clock: Clock) -> None:
    assert health.patience == math.inf
    ask(health, clock, 6, RpcTimeout("late"))
    assert health.patience == 1.5
    ask(health, clock, 0.5)
    assert health.patience == math.inf


def test_every_fourth_attempt_after_time_outs_may_take_its_time(health: Health, clock: Clock) -> None:
    patience = []
    for _ in range(8):
        ask(health, clock, 2, RpcTimeout("late"))
        patience.append(health.patience)

    assert patience == [1.5, 1.5, 1.5, math.inf] * 2


def test_one_known_to_be_slow_is_not_cut_short_after_a_time_out(health: Health, clock: Clock) -> None:
    for _ in range(40):
        ask(health, clock, 2)
    ask(health, clock, 6, RpcTimeout("late"))

    assert health.patience == pytest.approx(4, abs=0.01)


def test_being_overtaken_counts_as_a_failure_and_as_slow(health: Health, clock: Clock) -> None:
    began = health.begin()
    clock.now += 2
    health.overtaken(began)

    assert (health.failures, health.rest_left, health.latency) == (1, 1, 2)


def test_latency_is_an_average_that_is_forgotten_without_news(health: Health, clock: Clock) -> None:
    ask(health, clock, 0.8)
    ask(health, clock, 1.6)
    assert health.latency == pytest.approx(0.9)

    clock.now += 101
    assert health.latency is None


def test_an_unknown_endpoint_is_hedged_after_the_default(health: Health) -> None:
    assert health.hedge_delay == 1


@pytest.mark.parametrize(("seconds", "delay"), [(0.001, 0.25), (0.2, 0.6), (30, 3)])
def test_the_hedge_follows_the_latency_within_bounds(
    health: Health, clock: Clock, seconds: float, delay: float
) -> None:
    ask(health, clock, seconds)

    assert health.hedge_delay == pytest.approx(delay)


def test_a_steady_endpoint_is_hedged_sooner(health: Health, clock: Clock) -> None:
    for _ in range(30):
        ask(health, clock, 0.5)

    assert health.hedge_delay == pytest.approx(0.5, abs=0.01)


def test_one_that_failed_last_is_hedged_at_once(health: Health, clock: Clock) -> None:
    ask(health, clock, 5, DOWN)

    assert health.hedge_delay == 0.25
