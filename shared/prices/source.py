"""What a price source is, and how its failures and its many requests are put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

from ..core.ids import AssetId
from ..core.quotes import Quote
from ..core.tokens import Token
from ..errors import PriceUnavailable

logger = logging.getLogger(__name__)

Quotes = Mapping[AssetId, Quote]
# What an answer of an unforeseen shape makes of code that reads it.
_UNREADABLE = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)


class SourceFailed(PriceUnavailable):
    """A source failed, or part of it.

    `quotes` is what it did say, `rest` the seconds to leave it alone for.
    """

    def __init__(self, message: str, *, rest: float | None = None, quotes: Quotes | None = None) -> None:
        super().__init__(message)
        self.rest = rest
        self.quotes: Quotes = quotes or {}


class PriceSource(Protocol):
    """One outside price API; it knows by itself which tokens it can know."""

    @property
    def name(self) -> str:
        """As it appears in its quotes, in answers and in failures."""

    def covers(self, token: Token) -> bool:
        """Whether asking for this token makes sense at all; without any request."""

    async def fetch(self, tokens: Sequence[Token]) -> Quotes:
        """Quotes of those it knows, in few requests; raises PriceUnavailable."""


@contextmanager
def reading_answers_of(name: str) -> Iterator[None]:
    """Makes a SourceFailed of an answer that breaks the reading of it: that costs only this source's quotes.

    It is logged with its trace, because the reading should have stood it.
    """
    try:
        yield
    except _UNREADABLE as error:
        logger.exception("an answer of %s could not be read", name)
        raise SourceFailed(f"its answer could not be read ({type(error).__name__})") from error


async def gather_quotes(requests: Iterable[Callable[[], Awaitable[Quotes]]], *, at_once: int) -> Quotes:
    """What all requests say together; raises SourceFailed, with the quotes of the others, if one failed."""
    gate = asyncio.Semaphore(at_once)

    async def attempt(request: Callable[[], Awaitable[Quotes]]) -> Quotes | SourceFailed:
        async with gate:
            try:
                return await request()
            except SourceFailed as failure:
                return failure

    answers = await asyncio.gather(*(attempt(request) for request in requests))
    failures = [answer for answer in answers if isinstance(answer, SourceFailed)]
    quotes: dict[AssetId, Quote] = {}
    for answer in answers:
        quotes |= answer.quotes if isinstance(answer, SourceFailed) else answer
    if failures:
        rests = [failure.rest for failure in failures if failure.rest is not None]
        raise SourceFailed(str(failures[0]), rest=max(rests, default=None), quotes=quotes)
    return quotes


def split_keys(keys: Iterable[str], *, most: int, characters: int) -> list[list[str]]:
    """The keys in order, in as few lists as fit: at most so many keys and characters, commas counted."""
    batches: list[list[str]] = []
    length = 0
    for key in keys:
        if not batches or len(batches[-1]) == most or length + 1 + len(key) > characters:
            batches.append([])
            length = -1
        batches[-1].append(key)
        length += 1 + len(key)
    return batches
