"""One board of prices for all streams: everything asked about together, what is new at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from shared.core.failures import Failure
from shared.core.fragments import FragmentBalance
from shared.core.ids import AssetId
from shared.core.quotes import Quote
from shared.core.tokens import Token
from shared.facts import load_chains
from shared.prices.book import PriceAnswer, PriceBook
from shared.prices.source import SourceFailed
from shared.services.stream_prices import PriceBoard
from tests.fakes import NOON, FakeBook, price, quote

ONE, TWO = AssetId("eip155:1/slip44:60"), AssetId("eip155:8453/slip44:60")
DOWN = Failure("price", None, "price_unavailable", "llama: no answer")


def held(*assets: AssetId) -> list[FragmentBalance]:
    return [FragmentBalance(asset_id, "ETH", 18, 1) for asset_id in assets]


@dataclass
class NotingBook(FakeBook):
    """Notes what it is asked about."""

    asked: list[list[AssetId]] = field(default_factory=list)

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        self.asked.append([token.asset_id for token in tokens])
        return await super().prices(tokens, within=within)


@dataclass(eq=False)
class NotingReader:
    """Notes what it is told, and wants what it is said to want."""

    wants: Collection[AssetId] = ()
    told: list[Collection[AssetId]] = field(default_factory=list)
    failures: int = 0
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def assets(self) -> Collection[AssetId]:
        return self.wants

    def priced(self, assets: Collection[AssetId]) -> None:
        self.told.append(assets)
        self.stirred.set()

    def failed(self) -> None:
        self.failures += 1
        self.stirred.set()

    async def hears(self) -> None:
        async with asyncio.timeout(10):
            await self.stirred.wait()
        self.stirred.clear()


@asynccontextmanager
async def board_of(book: FakeBook) -> AsyncIterator[PriceBoard]:
    """A board at work; it asks again every second."""
    board = PriceBoard(lambda: book, 0)
    task = asyncio.create_task(board.run())
    try:
        yield board
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_new_is_asked_about_at_once_and_only_that() -> None:
    book, reader = NotingBook({ONE: price(ONE, "3000")}), NotingReader([ONE, TWO])
    async with board_of(book) as board:
        with board.read_by(reader):
            board.want(held(ONE))
            await board.settle([ONE], within=10)
            board.want(held(ONE, TWO))
            await board.settle([ONE, TWO], within=10)

    one, two = board.get(ONE), board.get(TWO)
    assert book.asked == [[ONE], [TWO]]
    assert one is not None
    assert two is not None
    assert one.price.price_usd == 3000
    assert two.price.price_usd is None
    assert reader.told == [[ONE], [TWO]]


async def test_everything_is_asked_about_again_and_only_changes_are_told() -> None:
    book, reader = NotingBook({ONE: price(ONE, "1"), TWO: price(TWO, "1")}), NotingReader([ONE, TWO])
    async with board_of(book) as board:
        with board.read_by(reader):
            board.want(held(ONE, TWO))
            await reader.hears()
            book.known = {ONE: price(ONE, "1", "coingecko"), TWO: price(TWO, "1.0")}
            await reader.hears()

    assert book.asked == [[ONE, TWO], [ONE, TWO]]
    assert reader.told == [[ONE, TWO], [ONE]]


async def test_what_nobody_holds_any_more_is_forgotten() -> None:
    book, reader = NotingBook({TWO: price(TWO, "1")}), NotingReader([TWO])
    async with board_of(book) as board:
        with board.read_by(reader):
            board.want(held(ONE, TWO))
            await reader.hears()
            book.known = {TWO: price(TWO, "2")}
            await reader.hears()

    assert book.asked == [[ONE, TWO], [TWO]]
    assert board.get(ONE) is None


async def test_a_source_that_fails_is_told_and_that_it_is_back() -> None:
    book, reader = NotingBook({ONE: price(ONE, "1")}, (DOWN,)), NotingReader([ONE])
    async with board_of(book) as board:
        with board.read_by(reader):
            board.want(held(ONE))
            await reader.hears()
            during = board.failures
            book.failures = ()
            await reader.hears()

    assert (during, board.failures, reader.failures) == ((DOWN,), (), 2)


async def test_who_comes_first_finds_nothing_of_those_who_have_left() -> None:
    book, reader = NotingBook({ONE: price(ONE, "1"), TWO: price(TWO, "1")}), NotingReader([ONE])
    async with board_of(book) as board:
        with board.read_by(NotingReader([ONE, TWO])):
            board.want(held(ONE, TWO))
            await board.settle([ONE, TWO], within=10)
        book.known = {ONE: price(ONE, "2")}
        with board.read_by(reader):
            assert board.get(ONE) is None
    assert board.get(TWO) is None


async def test_what_work_begins_with_is_waited_for_and_not_wiped_by_it() -> None:
    book, reader = NotingBook({ONE: price(ONE, "1")}), NotingReader([ONE])
    board = PriceBoard(lambda: book, 60)
    for usd in ("1", "2"):
        book.known = {ONE: price(ONE, usd)}
        with board.read_by(reader):
            board.want(held(ONE))
            task = asyncio.create_task(board.run())
            await board.settle([ONE], within=10)
            listed = board.get(ONE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert listed is not None
        assert listed.price.price_usd == Decimal(usd)

    assert book.asked == [[ONE], [ONE]]


async def test_what_nobody_holds_when_its_price_comes_is_not_listed() -> None:
    reader = NotingReader([ONE])

    class Leaving(NotingBook):
        async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
            reader.wants = [TWO]
            board._forget_unheld()
            return await super().prices(tokens, within=within, fresh=fresh)

    async with board_of(Leaving()) as board:
        with board.read_by(reader):
            board.want(held(ONE, TWO))
            await board.settle([TWO], within=10)

    assert board.get(ONE) is None
    assert board.get(TWO) is not None


class Source:
    """Quotes everything at a dollar, until it fails."""

    name = "llama"
    fails = False

    def covers(self, token: Token) -> bool:
        return True

    async def fetch(self, tokens: Sequence[Token]) -> dict[AssetId, Quote]:
        if self.fails:
            raise SourceFailed("it broke")
        return {token.asset_id: quote(token.asset_id, "1") for token in tokens}


async def test_a_price_is_old_only_when_its_source_fails_and_that_is_told_once() -> None:
    source, reader, seconds = Source(), NotingReader([ONE]), [0.0]
    book = PriceBook([source], chains=load_chains(), ttl=60, clock=lambda: seconds[0], now=lambda: NOON)
    board = PriceBoard(lambda: book, 60)
    stale = []
    with board.read_by(reader):
        board.want(held(ONE))
        for source.fails in (False, False, False, False, True, True, True):
            await board._ask([*board._tokens.values()])
            listed = board.get(ONE)
            assert listed is not None
            stale.append(listed.price.stale)
            # As long as the board waits, less what an answer takes.
            seconds[0] += 59.9
    await book.close()

    assert stale == [False] * 5 + [True] * 2
    assert (reader.told, reader.failures) == ([[ONE], [ONE]], 1)


async def test_nobody_waits_for_a_price_longer_than_he_says() -> None:
    board = PriceBoard(FakeBook, 60)
    board.want(held(ONE))
    await board.settle([ONE], within=0)

    assert board.get(ONE) is None
