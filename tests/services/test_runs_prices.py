"""A run has one set of prices, whoever asks first and however many ask at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.core.ids import Address, ChainId
from shared.core.quotes import unpriced
from shared.core.run_snapshot import PriceSet
from shared.core.runs import PricePage, RunPrice
from shared.core.tokens import Token, erc20, native_token
from shared.errors import NotYet
from shared.services.runs_prices import prices_for, seed_prices
from tests.fakes import NOON, FakeBook, price
from tests.run_process import DOWN, Process
from tests.run_steps import step_through, step_to
from tests.run_world import CHAINS, RUN, World

ETH = native_token(CHAINS[ChainId(1)])
ONE, TWO = (erc20(ChainId(1), Address(f"0x{n:040x}"), "T", "Token", 18, listed=True) for n in (1, 2))


@pytest.fixture
def world() -> World:
    world = World()
    world.dollars |= {ONE.asset_id: Decimal(1), TWO.asset_id: Decimal(2)}
    return world


def found(tokens: Sequence[Token], process: Process) -> PriceSet:
    prices: PriceSet = step_through(prices_for(RUN, tokens, None, process))
    return prices


def pages(world: World) -> list[PricePage]:
    return [page for (run, _), page in world.runs.prices.items() if run == RUN.id]


def test_a_price_that_is_kept_stays_whatever_the_sources_say_later(world: World) -> None:
    found([ETH], Process(world))
    world.price_factor = Decimal(2)
    again = found([ETH, ONE], Process(world))

    assert again.prices[ETH.asset_id].price_usd == Decimal("3000.25")
    assert again.prices[ONE.asset_id].price_usd == Decimal(2)


def test_what_no_source_knows_is_kept_as_unknown(world: World) -> None:
    del world.dollars[ONE.asset_id]
    found([ONE], Process(world))

    (page,) = pages(world)
    unknown = page.prices[ONE.asset_id]
    assert (unknown.price_usd, unknown.reason) == (None, "unknown: no price source knows this asset")


def test_two_who_add_prices_at_once_both_find_theirs_in_the_set(world: World) -> None:
    first = prices_for(RUN, [ETH, ONE], None, Process(world))
    second = prices_for(RUN, [ETH, TWO], None, Process(world))
    for asking in (first, second):
        step_to(asking, "before add_prices")

    assert step_through(first).prices[ONE.asset_id].price_usd == Decimal(1)
    assert step_through(second).prices[TWO.asset_id].price_usd == Decimal(2)
    assert [{*page.prices} for page in pages(world)] == [{ETH.asset_id, ONE.asset_id}, {TWO.asset_id}]


def test_a_source_that_fails_is_waited_for_until_the_run_gives_up(world: World) -> None:
    process = Process(world)
    process.prices = FakeBook(
        {ETH.asset_id: price(ETH.asset_id, "3000"), ONE.asset_id: unpriced(ONE.asset_id, "unknown: nobody")},
        (DOWN,),
    )
    with pytest.raises(NotYet):
        found([ETH, ONE], process)
    assert pages(world) == []

    world.clock.advance(300)
    prices = found([ETH, ONE], process)
    assert prices.failures_for([ETH.asset_id]) == ()
    assert prices.failures_for([ONE.asset_id]) == (DOWN,)
    assert prices.prices[ETH.asset_id].price_usd == Decimal(3000)


def test_nothing_is_asked_for_that_is_known(world: World) -> None:
    process = Process(world)
    found([ETH], process)
    world.prices_down = True

    assert ETH.asset_id in found([ETH], process).prices


def test_the_first_run_begins_with_the_chains_coins(world: World) -> None:
    step_through(seed_prices(RUN, Process(world)))

    (page,) = pages(world)
    assert page.prices[ETH.asset_id].price_usd == Decimal("3000.25")
    assert len(page.prices) == 2


def test_a_run_begins_with_what_the_last_one_had_as_far_as_it_is_listed(world: World) -> None:
    before = replace(RUN, id="20261120T120000Z", finished_at=NOON - timedelta(days=1))
    kept = RunPrice(Decimal(7), "llama", NOON, None)
    world.runs.runs[before.id] = before
    world.runs.prices[before.id, 0] = PricePage(0, {ETH.asset_id: kept, ONE.asset_id: kept}, ())
    world.runs.prices[before.id, 1] = PricePage(1, {TWO.asset_id: kept}, ())
    world.listed = [ONE]
    step_through(seed_prices(RUN, Process(world)))

    (page,) = pages(world)
    assert {asset_id: price.price_usd for asset_id, price in page.prices.items()} == {
        ETH.asset_id: Decimal("3000.25"),
        ONE.asset_id: Decimal(1),
    }


def test_a_run_begins_without_prices_when_a_source_fails(world: World) -> None:
    world.prices_down = True
    step_through(seed_prices(RUN, Process(world)))

    assert pages(world) == []


def test_nothing_is_priced_of_a_moment_that_is_past(world: World) -> None:
    found([ETH], Process(world))
    world.said.clear()
    world.clock.advance(3 * 86_400)
    prices = found([ETH, ONE], Process(world))

    assert prices.prices[ETH.asset_id].price_usd == Decimal("3000.25")
    assert prices.prices[ONE.asset_id].price_usd is None
    (failure,) = prices.failures_for([ETH.asset_id, ONE.asset_id])
    assert (failure.asset_id, failure.message) == (ONE.asset_id, "the run has no price for it")
    assert not world.said


def test_what_nobody_asked_for_in_time_is_missing_for_everybody(world: World) -> None:
    early = prices_for(RUN, [ONE, TWO], None, Process(world))
    step_to(early, "before add_prices")
    world.clock.advance(3 * 86_400)
    found([ONE], Process(world))

    prices: PriceSet = step_through(early)
    assert prices.prices[ONE.asset_id].price_usd is None
    assert prices.prices[TWO.asset_id].price_usd == Decimal(2)
    assert [len(page.failures) for page in pages(world)] == [1, 0]
