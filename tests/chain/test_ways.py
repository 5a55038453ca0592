"""What is remembered of an endpoint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.ways import Limit, Way, Ways
from tests.chain.setting import chain_for

WHILE = 600.0


@pytest.mark.parametrize("best", list(Way))
def test_the_ways_of_a_chain_are_those_it_can_bear_best_first(best: Way) -> None:
    assert Ways(chain_for(best)).to_try("node", 0) == list(Way)[list(Way).index(best) :]


def test_without_multicall_only_its_way_is_missing() -> None:
    ways = Ways(chain_for(with_multicall=False))
    assert ways.to_try("node", 0) == [Way.INIT_CODE, Way.BATCH]


def test_a_demoted_way_is_left_alone_for_a_while_on_that_endpoint_only() -> None:
    ways = Ways(chain_for())
    ways.memory("node").demote(Way.INIT_CODE, until=100)

    assert ways.to_try("node", 99) == [Way.MULTICALL, Way.BATCH]
    assert ways.to_try("node", 100) == list(Way)
    assert ways.to_try("other", 99) == list(Way)


def test_the_last_way_is_always_tried() -> None:
    ways = Ways(chain_for())
    for way in Way:
        ways.memory("node").demote(way, until=100)

    assert ways.to_try("node", 50) == [Way.BATCH]


def test_a_limit_falls_at_once_and_recovers_slowly() -> None:
    limit = Limit(1000)
    limit.reduce(250, now=0)
    limit.reduce(400, now=0)

    assert [limit.at(now) for now in (0, 599, 600, 1200, 1e9)] == [250, 250, 500, 1000, 1000]


def test_a_limit_never_falls_below_one() -> None:
    limit = Limit(1000)
    limit.reduce(0, now=0)

    assert limit.at(0) == 1


def test_a_limit_that_was_not_the_reason_is_restored() -> None:
    limit = Limit(1000)
    limit.reduce(1, now=0)
    limit.restore()

    assert limit.at(0) == 1000


def test_an_endpoint_that_bears_much_quickly_is_asked_for_twice_as_much() -> None:
    limit = Limit(100, most=1_000)
    limit.bore(100, 0.1, now=0)
    limit.bore(101, 0.1, now=0)

    assert limit.at(0) == 400


@pytest.mark.parametrize(("size", "seconds"), [(50, 0.1), (100, 0.6)])
def test_a_small_or_slow_answer_shows_nothing(size: int, seconds: float) -> None:
    limit = Limit(100, most=1_000)
    limit.bore(size, seconds, now=0)

    assert limit.at(0) == 100


def test_a_limit_without_a_most_does_not_grow() -> None:
    limit = Limit(100)
    limit.bore(100, 0.0, now=0)

    assert limit.at(0) == 100


def test_after_a_refusal_nothing_grows_for_a_while() -> None:
    limit = Limit(100, most=1_000)
    limit.bore(100, 0.1, now=0)
    limit.reduce(150, now=10)
    limit.bore(150, 0.1, now=WHILE)
    assert limit.at(WHILE) == 150

    limit.bore(150, 0.1, now=10 + WHILE)
    assert limit.at(10 + WHILE) == 300


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 2_000), st.floats(0, 3_000)), max_size=30))
def test_a_limit_stays_between_one_and_the_most(steps: list[tuple[bool, int, float]]) -> None:
    limit, now = Limit(100, most=1_000), 0.0
    for is_refusal, size, passed in steps:
        now += passed
        before = limit.at(now)
        if is_refusal:
            limit.reduce(size, now)
            assert limit.at(now) <= min(before, size)
        else:
            limit.bore(size, 0.0, now)
            assert limit.at(now) in (before, min(2 * before, 1_000))
        assert 1 <= limit.at(now) <= 1_000
