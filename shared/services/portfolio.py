"""A live portfolio: every chain in one read, every asset priced, every failure in the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from ..core.chains import Chain
from ..core.failures import Failure
from ..core.ids import AssetId
from ..core.portfolio import ChainRead, Portfolio, assemble, held_tokens
from ..core.positions import PositionsRead
from ..core.quotes import Price
from ..core.tokens import Token
from .chain_reads import (
    ChainReader,
    Issued,
    PortfolioQuery,
    PortfolioSources,
    Pricer,
    read_chain,
    read_issued,
)
from .positions import PositionReader, PositionSources, read_positions

# Within the 15 s in which an answer comes whatever the endpoints do: names, chains, positions, then these.
_PRICE_SECONDS = 2.5
# Chains that have answered by then are priced while the slow ones are still waited for.
_FIRST_WAVE_SECONDS = 1.0


class PortfolioReader(PositionReader, ChainReader, Protocol):
    """Who reads one chain; a ChainClient is one."""


class LiveSources(PortfolioSources, PositionSources, Protocol):
    """What a live portfolio is read from; the Context is one."""

    def client(self, chain: Chain) -> PortfolioReader: ...


_Answer = tuple[ChainRead, PositionsRead]


async def read_portfolio(
    query: PortfolioQuery,
    sources: LiveSources,
    *,
    on_chain: Callable[[ChainRead], None] | None = None,
) -> Portfolio:
    """The wallets' holdings and positions over the chains, priced; `on_chain` hears each chain as it answers.

    Upstream failures are in the answer, never raised.
    """
    query = replace(query, chains=tuple(chain for chain in query.chains if query.addresses_on(chain)))
    if not query.chains:
        return assemble(query.addresses, (), {}, (), sources.clock())
    ages: list[datetime] = []
    async with asyncio.TaskGroup() as group:
        issued = group.create_task(read_issued(query.chains, sources))

        async def read(chain: Chain) -> _Answer:
            known = await issued if chain.price_names.backed else Issued({})
            answer = await read_chain(query, chain, known, sources, ages)
            if on_chain is not None:
                on_chain(answer)
            return answer, await read_positions(answer, sources)

        reading = [group.create_task(read(chain)) for chain in query.chains]
        prices, failures = await _price_in_waves(reading, sources.prices, group)
    reads, positions = zip(*(task.result() for task in reading), strict=True)
    failures = (*issued.result().failures, *failures)
    as_of = min(ages, default=sources.clock())
    return assemble(query.addresses, reads, prices, failures, as_of, positions=positions)


async def _price_in_waves(
    reading: Sequence[asyncio.Task[_Answer]], book: Pricer, group: asyncio.TaskGroup
) -> tuple[dict[AssetId, Price], tuple[Failure, ...]]:
    """The prices of what the reads find, asked for in at most two batches."""
    done, _ = await asyncio.wait(reading, timeout=_FIRST_WAVE_SECONDS)
    early = _tokens(task.result() for task in reading if task in done)
    waves = [group.create_task(book.prices(early, within=_PRICE_SECONDS))]
    known = set(early)
    late = [token for token in _tokens(await asyncio.gather(*reading)) if token not in known]
    if late:
        waves.append(group.create_task(book.prices(late, within=_PRICE_SECONDS)))
    answers = await asyncio.gather(*waves)
    prices = {asset_id: price for answer in answers for asset_id, price in answer.prices.items()}
    return prices, tuple(dict.fromkeys(failure for answer in answers for failure in answer.failures))


def _tokens(answers: Iterable[_Answer]) -> list[Token]:
    """The assets that need a price, each once."""
    found: dict[Token, None] = {}
    for read, positions in answers:
        found |= dict.fromkeys(held_tokens(read))
        found |= dict.fromkeys(position.token for position in positions.positions)
    return list(found)
