"""What a source said is kept, renewed, and asked for once at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import AssetId
from shared.core.quotes import Quote
from shared.core.tokens import Token
from shared.errors import PriceUnavailable
from shared.prices.cache import Memory
from shared.prices.shelf import Shelf
from shared.prices.source import Quotes, SourceFailed
from shared.probing import probing
from tests.prices.samples import ETH, NOBODYS, NOW, POL, TEST_ETH, USDC

LONG = 60.0


@dataclass
class FakeSource:
    """Quotes everything but NOPE at `price`; raises `failure`, waits for `gate`, counts what it is asked."""

    name: str = "fake"
    price: int = 1
    failure: PriceUnavailable | None = None
    gate: asyncio.Event | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def covers(self, token: Token) -> bool:
        return token is not TEST_ETH

    async def fetch(self, tokens: Sequence[Token]) -> Quotes:
        self.asked.append(tuple(token.symbol for token in tokens))
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return {t.asset_id: make_quote(t, self.price) for t in tokens if t is not NOBODYS}


def make_quote(token: Token, price: int) -> Quote:
    return Quote(token.asset_id, "fake", Decimal(price), NOW)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def shelf(source: FakeSource, clock: Clock) -> Shelf:
    return Shelf(source, ttl=60, clock=clock)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def price_of(shelf: Shelf, token: Token) -> Decimal | None:
    quote = (await shelf.quotes([token], LONG)).quotes.get(token.asset_id)
    return quote.price_usd if quote else None


async def test_a_fresh_quote_is_not_asked_for_again(source: FakeSource, shelf: Shelf, clock: Clock) -> None:
    await shelf.quotes([ETH, USDC], LONG)
    clock.seconds += 59
    answer = await shelf.quotes([USDC, POL], LONG)

    assert set(answer.quotes) == {USDC.asset_id, POL.asset_id}
    assert source.asked == [("ETH", "USDC"), ("POL",)]


async def test_what_a_source_cannot_know_is_not_asked_for(source: FakeSource, shelf: Shelf) -> None:
    answer = await shelf.quotes([TEST_ETH], LONG)

    assert (answer.quotes, answer.failure, source.asked) == ({}, None, [])


async def test_an_expired_quote_is_answered_at_once_and_renewed_behind(
    source: FakeSource, shelf: Shelf, clock: Clock
) -> None:
    await shelf.quotes([ETH], LONG)
    clock.seconds += 61
    source.price, source.gate = 2, asyncio.Event()

    answer = await shelf.quotes([ETH], LONG)
    assert answer.quotes[ETH.asset_id].price_usd == 1
    assert answer.expired == {ETH.asset_id}
    assert answer.failure is None

    source.gate.set()
    await settle()
    renewed = await shelf.quotes([ETH], LONG)
    assert renewed.quotes[ETH.asset_id].price_usd == 2
    assert not renewed.expired
    assert len(source.asked) == 2


@pytest.mark.parametrize(("age", "price"), [(29, 1), (31, 2), (61, 2)])
async def test_who_wants_it_fresh_waits_for_what_has_had_half_of_its_time(
    source: FakeSource, shelf: Shelf, clock: Clock, age: int, price: int
) -> None:
    await shelf.quotes([ETH], LONG)
    clock.seconds += age
    source.price = 2
    answer = await shelf.quotes([ETH], LONG, fresh=True)

    assert answer.quotes[ETH.asset_id].price_usd == price
    assert not answer.expired


async def test_who_wants_it_fresh_still_has_the_old_quote_of_a_source_that_fails(
    source: FakeSource, shelf: Shelf, clock: Clock
) -> None:
    await shelf.quotes([ETH], LONG)
    clock.seconds += 61
    source.failure = SourceFailed("it broke")
    answer = await shelf.quotes([ETH], LONG, fresh=True)

    assert set(answer.quotes) == answer.expired == {ETH.asset_id}
    assert answer.failure == "it broke"


async def test_a_quote_past_its_grace_is_waited_for(source: FakeSource, shelf: Shelf, clock: Clock) -> None:
    await shelf.quotes([ETH], LONG)
    clock.seconds += 661
    source.price = 2

    assert await price_of(shelf, ETH) == 2


async def test_without_a_ttl_every_ask_reaches_the_source(source: FakeSource, clock: Clock) -> None:
    shelf = Shelf(source, ttl=0, clock=clock)
    for price in (1, 2, 3):
        source.price = price
        clock.seconds += 0.001
        answer = await shelf.quotes([ETH], LONG)
        assert answer.quotes[ETH.asset_id].price_usd == price
        assert not answer.expired


async def test_without_a_ttl_a_recent_quote_still_stands_in_for_a_failing_source(
    source: FakeSource, clock: Clock
) -> None:
    shelf = Shelf(source, ttl=0, clock=clock)
    await shelf.quotes([ETH], LONG)
    clock.seconds += 5
    source.failure = SourceFailed("it broke")

    answer = await shelf.quotes([ETH], LONG)

    assert set(answer.quotes) == answer.expired == {ETH.asset_id}
    assert answer.failure == "it broke"


async def test_concurrent_asks_share_one_request(source: FakeSource, shelf: Shelf) -> None:
    source.gate = asyncio.Event()
    asks = [asyncio.create_task(shelf.quotes(tokens, LONG)) for tokens in ([ETH, USDC], [USDC], [USDC, POL])]
    await settle()
    source.gate.set()
    answers = await asyncio.gather(*asks)

    assert source.asked == [("ETH", "USDC"), ("POL",)]
    assert [len(answer.quotes) for answer in answers] == [2, 1, 2]


async def test_who_stops_waiting_does_not_cancel_the_request(source: FakeSource, shelf: Shelf) -> None:
    source.gate = asyncio.Event()
    ask = asyncio.create_task(shelf.quotes([ETH], LONG))
    await settle()
    ask.cancel()
    await settle()
    source.gate.set()

    assert await price_of(shelf, ETH) == 1
    assert len(source.asked) == 1


async def test_a_late_source_is_a_failure_and_its_answer_is_kept(source: FakeSource, shelf: Shelf) -> None:
    source.gate = asyncio.Event()
    answer = await shelf.quotes([ETH], 0.01)
    assert (answer.quotes, answer.failure) == ({}, "no answer within 0.01 s")

    source.gate.set()
    await settle()
    assert await price_of(shelf, ETH) == 1
    assert len(source.asked) == 1


async def test_that_an_asset_is_unknown_is_remembered_for_a_while(source: FakeSource, clock: Clock) -> None:
    shelf = Shelf(source, ttl=86_400, clock=clock)
    await shelf.quotes([NOBODYS], LONG)
    clock.seconds += 299
    await shelf.quotes([NOBODYS], LONG)
    assert len(source.asked) == 1

    clock.seconds += 2
    await shelf.quotes([NOBODYS], LONG)
    await settle()
    assert len(source.asked) == 2


async def test_a_source_that_keeps_failing_is_left_alone_and_says_so(
    source: FakeSource, shelf: Shelf, clock: Clock
) -> None:
    source.failure = SourceFailed("it broke")
    for _ in range(5):
        assert (await shelf.quotes([ETH], LONG)).failure == "it broke"
    assert len(source.asked) == 3

    clock.seconds += 31
    source.failure = None
    answer = await shelf.quotes([ETH], LONG)
    assert (len(answer.quotes), answer.failure) == (1, None)


async def test_a_source_is_probed_again_after_each_rest(
    source: FakeSource, shelf: Shelf, clock: Clock
) -> None:
    source.failure = SourceFailed("it broke")
    for rest in (0, 0, 0, 31, 61, 121):
        clock.seconds += rest
        await shelf.quotes([ETH], LONG)

    assert len(source.asked) == 6


async def test_a_failing_source_is_no_failure_while_its_quotes_are_fresh(
    source: FakeSource, shelf: Shelf, clock: Clock
) -> None:
    await shelf.quotes([ETH], LONG)
    source.failure = SourceFailed("it broke")
    await shelf.quotes([USDC], LONG)

    assert (await shelf.quotes([ETH], LONG)).failure is None


async def test_a_failed_renewal_is_told_beside_the_expired_quote(
    source: FakeSource, shelf: Shelf, clock: Clock
) -> None:
    await shelf.quotes([ETH], LONG)
    clock.seconds += 61
    source.failure = SourceFailed("it broke")
    await shelf.quotes([ETH], LONG)
    await settle()

    answer = await shelf.quotes([ETH], LONG)
    assert set(answer.quotes) == answer.expired == {ETH.asset_id}
    assert answer.failure == "it broke"


async def test_a_partial_failure_keeps_what_was_said_and_the_source_in_use(
    source: FakeSource, shelf: Shelf
) -> None:
    source.failure = SourceFailed("half of it broke", quotes={ETH.asset_id: make_quote(ETH, 7)})
    for _ in range(5):
        answer = await shelf.quotes([ETH, USDC], LONG)
        assert (set(answer.quotes), answer.failure) == ({ETH.asset_id}, "half of it broke")

    assert source.asked == [("ETH", "USDC"), *[("USDC",)] * 4]


async def test_a_stated_rest_is_kept_at_once(source: FakeSource, shelf: Shelf, clock: Clock) -> None:
    source.failure = PriceUnavailable("down")
    await shelf.quotes([ETH], LONG)
    source.failure = SourceFailed("slow down", rest=60)
    await shelf.quotes([ETH], LONG)
    clock.seconds += 59
    await shelf.quotes([ETH], LONG)

    assert len(source.asked) == 2


async def test_closing_cancels_what_is_under_way(source: FakeSource, shelf: Shelf) -> None:
    source.gate = asyncio.Event()
    await shelf.quotes([ETH], 0)
    await shelf.close()
    source.gate = None

    assert await price_of(shelf, ETH) == 1


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, OverflowError, RecursionError])
async def test_an_answer_that_breaks_the_reading_costs_only_its_source_and_is_logged(
    source: FakeSource, shelf: Shelf, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    source.failure = error("odd")  # type: ignore[assignment]  # on purpose

    answer = await shelf.quotes([ETH], LONG)

    assert answer.failure == f"its answer could not be read ({error.__name__})"
    assert [(log.levelname, log.exc_info is not None) for log in caplog.records] == [
        ("ERROR", True),
        ("WARNING", False),
    ]


async def test_a_failure_is_logged_with_its_source_which_alerts_count(
    source: FakeSource, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    source.failure = SourceFailed("down")

    await shelf.quotes([ETH], LONG)

    (line,) = caplog.records
    assert (line.getMessage(), line.__dict__["fields"]) == (
        "price source failed",
        {"source": "fake", "error": "down"},
    )


async def test_a_probe_that_fails_is_not_logged(
    source: FakeSource, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    source.failure = SourceFailed("down")

    with probing():
        answer = await shelf.quotes([ETH], LONG)

    assert (answer.failure, caplog.records) == ("down", [])


async def test_a_bug_that_no_answer_can_cause_is_not_taken_for_an_outage(
    source: FakeSource, shelf: Shelf
) -> None:
    source.failure = AssertionError("a bug")  # type: ignore[assignment]  # on purpose

    with pytest.raises(AssertionError, match="a bug"):
        await shelf.quotes([ETH], LONG)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40), st.integers(1, 5))
def test_the_memory_is_bounded_and_forgets_the_least_recently_used(
    steps: list[tuple[int, bool]], capacity: int
) -> None:
    memory: Memory[AssetId, int] = Memory(capacity)
    recent: list[int] = []
    for number, is_write in steps:
        key = AssetId(str(number))
        if is_write:
            memory.keep(key, number, 0)
        if memory.get(key) is not None:
            recent = [n for n in recent if n != number] + [number]
            recent = recent[-capacity:]

    assert len(memory) == len(recent)
    assert all(memory.get(AssetId(str(number))) is not None for number in recent)
