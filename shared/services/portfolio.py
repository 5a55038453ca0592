"""A live portfolio: every chain in one read, every asset priced, every failure in the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

from ..chain.cache import BalanceCache, BalanceReader, CachedRead
from ..core.balances import TokenFault
from ..core.chains import Chain
from ..core.failures import Failure
from ..core.ids import Address, AssetId, ChainId, erc20_asset_id
from ..core.portfolio import ChainRead, ChainState, Portfolio, assemble, held_tokens
from ..core.quotes import Price
from ..core.tokens import Token
from ..errors import PriceUnavailable, UpstreamError
from ..prices.book import PriceAnswer

T = TypeVar("T")

# An answer comes within 15 s whatever the endpoints do: these come one after the other, and names may have
# taken 3 s before they begin.
_CATALOGUE_SECONDS = 2.0
_CHAIN_SECONDS = 6.0
_PRICE_SECONDS = 2.5
# Chains that have answered by then are priced while the slow ones are still waited for.
_FIRST_WAVE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PortfolioQuery:
    """Whose balances, on which chains; `tokens` are unlisted contracts to read as well.

    `only` has the slugs of the chains that an address is to be read on, where these are not all.
    """

    addresses: tuple[Address, ...]
    chains: tuple[Chain, ...]
    tokens: tuple[tuple[Chain, Address], ...] = ()
    refresh: bool = False
    only: Mapping[Address, Collection[str]] = field(default_factory=dict)

    def addresses_on(self, chain: Chain) -> tuple[Address, ...]:
        """Those that are to be read on this chain."""
        return tuple(
            address for address in self.addresses if chain.slug in self.only.get(address, (chain.slug,))
        )


class Catalogue(Protocol):
    """Who issues tokens that no list holds, and knows their addresses (xStocks)."""

    async def tokens(self) -> Mapping[ChainId, tuple[Token, ...]]:
        """The issued tokens by chain; raises PriceUnavailable."""


class ChainReader(BalanceReader, Protocol):
    """Who reads one chain's balances and describes its tokens; a ChainClient is one."""

    async def read_tokens(self, addresses: Sequence[Address], *, within: float) -> list[Token | TokenFault]:
        """What contracts say of themselves, in order; raises RpcError."""


class Pricer(Protocol):
    """Who prices tokens; the PriceBook is one."""

    async def prices(self, tokens: Sequence[Token], *, within: float) -> PriceAnswer:
        """A price for each token, and what failed; never raises UpstreamError."""


class TokenSources(Protocol):
    """Where tokens are known and priced; the Context is one."""

    @property
    def prices(self) -> Pricer: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]: ...


class PortfolioSources(TokenSources, Protocol):
    """What a portfolio is read from; the Context is one."""

    @property
    def balances(self) -> BalanceCache: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    def client(self, chain: Chain) -> ChainReader: ...


@dataclass(frozen=True, slots=True)
class _Question:
    """What one chain is asked: the listed tokens and, apart, those that the caller added."""

    chain: Chain
    wallets: tuple[Address, ...]
    listed: Mapping[Address, Token]
    added: tuple[Address, ...]
    refresh: bool

    @property
    def tokens(self) -> tuple[Address, ...]:
        return (*self.listed, *self.added)


async def read_portfolio(
    query: PortfolioQuery,
    sources: PortfolioSources,
    *,
    on_chain: Callable[[ChainRead], None] | None = None,
) -> Portfolio:
    """The wallets' holdings over the chains, priced; `on_chain` hears each chain as it answers.

    Upstream failures are in the answer, never raised.
    """
    query = replace(query, chains=tuple(chain for chain in query.chains if query.addresses_on(chain)))
    if not query.chains:
        return assemble(query.addresses, (), {}, (), sources.clock())
    ages: list[datetime] = []
    async with asyncio.TaskGroup() as group:
        issued = group.create_task(_issued_tokens(query.chains, sources))

        async def read(chain: Chain) -> ChainRead:
            extra = (await issued)[0].get(chain.chain_id, ()) if chain.price_names.backed else ()
            # The shipped list comes last, so that it wins: an issuer's answer may not rename a listed token.
            question = _question(query, chain, (*extra, *sources.token_lists(chain.chain_id)))
            answer = await _read_chain(question, sources, ages)
            if on_chain is not None:
                on_chain(answer)
            return answer

        reading = [group.create_task(read(chain)) for chain in query.chains]
        prices, failures = await _price_in_waves(reading, sources.prices, group)
    reads = [task.result() for task in reading]
    failures = (*issued.result()[1], *failures)
    return assemble(query.addresses, reads, prices, failures, min(ages, default=sources.clock()))


async def _price_in_waves(
    reading: Sequence[asyncio.Task[ChainRead]], book: Pricer, group: asyncio.TaskGroup
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


def _tokens(reads: Iterable[ChainRead]) -> list[Token]:
    return [token for read in reads for token in held_tokens(read)]


async def _issued_tokens(
    chains: Sequence[Chain], sources: PortfolioSources
) -> tuple[Mapping[ChainId, tuple[Token, ...]], tuple[Failure, ...]]:
    if not any(chain.price_names.backed for chain in chains):
        return {}, ()
    try:
        async with asyncio.timeout(_CATALOGUE_SECONDS):
            return await sources.catalogue.tokens(), ()
    except (PriceUnavailable, TimeoutError):
        message = "the issuer's list of xStocks could not be read, so holdings of them are missing"
        return {}, (Failure("price", None, PriceUnavailable.code, message),)


def _question(query: PortfolioQuery, chain: Chain, listed: Iterable[Token]) -> _Question:
    known = {token.address: token for token in listed if token.address is not None}
    added = dict.fromkeys(
        address for on, address in query.tokens if on.chain_id == chain.chain_id and address not in known
    )
    return _Question(chain, query.addresses_on(chain), known, tuple(added), query.refresh)


async def _read_chain(question: _Question, sources: PortfolioSources, ages: list[datetime]) -> ChainRead:
    chain, client = question.chain, sources.client(question.chain)
    started = asyncio.get_running_loop().time()
    reading = sources.balances.read(
        client, question.wallets, question.tokens, within=_CHAIN_SECONDS, refresh=question.refresh
    )
    cached, described = await asyncio.gather(_or_failure(reading, chain), _describe(client, question.added))
    if not isinstance(cached, Failure):
        return _answer(question, cached, "ok", described, ages, ())
    known = sources.balances.last_known(client, question.wallets, question.tokens)
    if known is not None:
        return _answer(question, known, "stale", described, ages, (cached,))
    spent = round((asyncio.get_running_loop().time() - started) * 1000)
    return ChainRead(chain, "error", None, {}, spent, (cached,))


async def _describe(
    client: ChainReader, added: Sequence[Address]
) -> tuple[Mapping[Address, Token], tuple[TokenFault, ...], tuple[Failure, ...]]:
    """The metadata of tokens that no list describes: found, at fault, and why none could be read."""
    if not added:
        return {}, (), ()
    found = await _or_failure(client.read_tokens(added, within=_CHAIN_SECONDS), client.chain)
    if isinstance(found, Failure):
        return {}, (), (found,)
    tokens = {t.address: t for t in found if isinstance(t, Token) and t.address is not None}
    return tokens, tuple(fault for fault in found if isinstance(fault, TokenFault)), ()


async def _or_failure(answer: Awaitable[T], chain: Chain) -> T | Failure:
    try:
        return await answer
    except UpstreamError as error:
        return Failure("chain", chain.slug, error.code, str(error))


def _answer(
    question: _Question,
    cached: CachedRead,
    state: ChainState,
    described: tuple[Mapping[Address, Token], tuple[TokenFault, ...], tuple[Failure, ...]],
    ages: list[datetime],
    failures: tuple[Failure, ...],
) -> ChainRead:
    """The chain's read with every held token described; what cannot be described is reported instead."""
    metadata, metadata_faults, metadata_failures = described
    ages.append(cached.read_at)
    tokens = {**question.listed, **metadata}
    held = {key: raw for key, raw in cached.read.balances.items() if key[1] is None or key[1] in tokens}
    faults = {fault.token: fault.reason for fault in (*cached.read.faults, *metadata_faults)}
    return ChainRead(
        question.chain,
        state,
        replace(cached.read, balances=held),
        tokens,
        cached.latency_ms,
        (*failures, *metadata_failures, *_token_failures(question.chain, faults)),
    )


def _token_failures(chain: Chain, faults: Mapping[Address, str]) -> Iterable[Failure]:
    for address, reason in faults.items():
        asset_id = erc20_asset_id(chain.chain_id, address)
        yield Failure("token", chain.slug, "rpc_bad_response", reason, asset_id)
