"""Prices are asked for at once, but never by more than two requests at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from shared.core.ids import ChainId, address_from_bytes
from shared.core.tokens import Token, erc20
from shared.prices.book import PriceAnswer
from shared.services.price_batches import PriceBatches
from tests.fakes import price


def token(n: int) -> Token:
    return erc20(ChainId(1), address_from_bytes(bytes([n] * 20)), f"T{n}", "Token", 6, listed=True)


class HeldBook:
    """Answers when it is let, one request after the other; raises `error` if there is one."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.within: list[float] = []
        self.gates: list[asyncio.Event] = []
        self.error: Exception | None = None

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        self.asked.append({each.symbol for each in tokens})
        self.within.append(within)
        gate = asyncio.Event()
        self.gates.append(gate)
        await gate.wait()
        if self.error is not None:
            raise self.error
        return PriceAnswer({each.asset_id: price(each.asset_id, "1") for each in tokens}, ())


async def settle() -> None:
    """Everything that can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_first_who_ask_are_priced_at_once_and_the_rest_together() -> None:
    book = HeldBook()
    batches = PriceBatches(book, lambda: 2.5)
    asking = []
    for n in range(1, 6):
        asking.append(asyncio.create_task(batches.prices([token(n), token(9)])))
        await settle()

    assert book.asked == [{"T1", "T9"}, {"T2", "T9"}]
    book.gates[1].set()
    await settle()
    assert asking[1].done()
    assert not asking[0].done()
    assert book.asked[2:] == [{"T3", "T4", "T5", "T9"}]
    for gate in book.gates:
        gate.set()
    answers = await asyncio.gather(*asking)
    assert all(token(n).asset_id in answer.prices for n, answer in enumerate(answers, 1))
    assert book.within == [2.5] * 3


async def test_who_asks_in_the_same_moment_is_asked_for_together() -> None:
    book = HeldBook()
    batches = PriceBatches(book, lambda: 1)
    asking = asyncio.gather(batches.prices([token(1)]), batches.prices([token(2)]))
    await settle()
    book.gates[0].set()
    await asking

    assert book.asked == [{"T1", "T2"}]


async def test_nothing_is_answered_without_asking() -> None:
    book = HeldBook()

    assert (await PriceBatches(book, lambda: 1).prices([])).prices == {}
    assert book.asked == []


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    book = HeldBook()
    batches = PriceBatches(book, lambda: 1)
    leaving, staying = (asyncio.create_task(batches.prices([token(n)])) for n in (1, 2))
    await settle()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    book.gates[0].set()

    assert token(2).asset_id in (await staying).prices


async def test_an_error_of_ours_reaches_everybody_who_asked() -> None:
    book = HeldBook()
    book.error = ZeroDivisionError("a bug")
    batches = PriceBatches(book, lambda: 1)
    asking = [asyncio.create_task(batches.prices([token(n)])) for n in (1, 2)]
    await settle()
    book.gates[0].set()

    for each in asking:
        with pytest.raises(ZeroDivisionError):
            await each


async def test_closing_ends_what_is_under_way() -> None:
    book = HeldBook()
    batches = PriceBatches(book, lambda: 1)
    before = asyncio.all_tasks()
    asking = [asyncio.create_task(batches.prices([token(n)])) for n in (1, 2, 3)]
    await settle()
    for each in asking:
        each.cancel()
    await batches.close()
    await asyncio.gather(*asking, return_exceptions=True)

    assert asyncio.all_tasks() == before
