"""What is remembered of an endpoint."""

from __future__ import annotations

import pytest

from shared.chain.ways import Limit, Way, Ways
from tests.chain.setting import chain_for


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
