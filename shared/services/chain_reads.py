"""One chain's wallet balances as services ask for them: listed tokens, issued ones, the caller's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from ..chain.cache import BalanceCache, BalanceReader, CachedRead
from ..core.balances import BalanceRead, TokenFault
from ..core.chains import Chain
from ..core.deployments import Deployment, receipt_tokens
from ..core.failures import Failure
from ..core.ids import Address, ChainId, erc20_asset_id
from ..core.portfolio import ChainRead, ChainState
from ..core.tokens import Token
from ..errors import PriceUnavailable, UpstreamError
from ..prices.book import PriceAnswer
from ..spans import span

T = TypeVar("T")

# Within the 15 s in which an answer comes whatever the endpoints do.
_CATALOGUE_SECONDS = 2.0
_CHAIN_SECONDS = 6.0


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

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        """A price for each token, and what failed; never raises UpstreamError. `fresh`: no expired ones."""


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
    def deployments(self) -> Callable[[ChainId], tuple[Deployment, ...]]: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    def client(self, chain: Chain) -> ChainReader: ...


class ScanSources(Protocol):
    """Where it is known which contracts of a chain matter; the Context is one."""

    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]: ...
    @property
    def deployments(self) -> Callable[[ChainId], tuple[Deployment, ...]]: ...


class Scan(NamedTuple):
    """Which contracts one chain is asked for: those that may be a wallet's own, and apart the receipt tokens.

    A protocol's receipt token is in `receipts` and nowhere else, whoever lists or names it: what it stands
    for is shown as a position, and would be counted twice. They are read with the others, so that all is of
    one block.
    """

    chain: Chain
    known: Mapping[Address, Token]
    receipts: tuple[Address, ...]

    @property
    def tokens(self) -> tuple[Address, ...]:
        return (*self.known, *self.receipts)

    def found(self, read: BalanceRead) -> ChainRead:
        """What a read says of these contracts: only what is known is a wallet's own."""
        own, apart = _split(read, frozenset(self.receipts))
        held = {key: raw for key, raw in own.balances.items() if key[1] is None or key[1] in self.known}
        failures = tuple(_token_failures(self.chain, own.faults))
        return ChainRead(self.chain, "ok", own._replace(balances=held), self.known, 0, failures, apart)


class _Question(NamedTuple):
    """What one chain is asked: what is known of it and, apart, the tokens that the caller added."""

    scan: Scan
    wallets: tuple[Address, ...]
    added: tuple[Address, ...]
    refresh: bool

    @property
    def chain(self) -> Chain:
        return self.scan.chain

    @property
    def tokens(self) -> tuple[Address, ...]:
        return (*self.scan.tokens, *self.added)


class Issued(NamedTuple):
    """What an issuer's list adds to the shipped ones; `failures` says that it could not be read."""

    tokens: Mapping[ChainId, tuple[Token, ...]]
    failures: tuple[Failure, ...] = ()


async def read_chain(
    query: PortfolioQuery, chain: Chain, issued: Issued, sources: PortfolioSources, ages: list[datetime]
) -> ChainRead:
    """How one chain answers; upstream failures are in it. `ages` gains the time of the read."""
    question = _question(query, scan_of(chain, issued, sources))
    with span("read chain", chain=chain.slug, wallets=len(question.wallets)):
        return await _read_chain(question, sources, ages)


def scan_of(chain: Chain, issued: Issued, sources: ScanSources) -> Scan:
    """What a read of the chain asks for, with what is issued there."""
    extra = issued.tokens.get(chain.chain_id, ()) if chain.price_names.backed else ()
    receipts = receipt_tokens(sources.deployments(chain.chain_id))
    apart = frozenset(receipts)
    # The shipped list comes last, so that it wins: an issuer's answer may not rename a listed token.
    listed = (*extra, *sources.token_lists(chain.chain_id))
    known = {t.address: t for t in listed if t.address is not None and t.address not in apart}
    return Scan(chain, known, receipts)


async def read_issued(chains: Sequence[Chain], sources: PortfolioSources) -> Issued:
    """The tokens that the issuers know of on these chains; asked only where there may be some."""
    if not any(chain.price_names.backed for chain in chains):
        return Issued({})
    try:
        async with asyncio.timeout(_CATALOGUE_SECONDS):
            return Issued(await sources.catalogue.tokens())
    except (PriceUnavailable, TimeoutError):
        message = "the issuer's list of xStocks could not be read, so holdings of them are missing"
        return Issued({}, (Failure("price", None, PriceUnavailable.code, message),))


def _question(query: PortfolioQuery, scan: Scan) -> _Question:
    named = dict.fromkeys(address for on, address in query.tokens if on.chain_id == scan.chain.chain_id)
    asked = frozenset(scan.tokens)
    added = tuple(address for address in named if address not in asked)
    return _Question(scan, query.addresses_on(scan.chain), added, query.refresh)


async def _read_chain(question: _Question, sources: PortfolioSources, ages: list[datetime]) -> ChainRead:
    chain, client = question.chain, sources.client(question.chain)
    started = asyncio.get_running_loop().time()
    read = partial(sources.balances.read, within=_CHAIN_SECONDS, refresh=question.refresh)
    reading = partial(read, client, question.wallets, question.tokens)
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
    found = await _or_failure(partial(client.read_tokens, added, within=_CHAIN_SECONDS), client.chain)
    if isinstance(found, Failure):
        return {}, (), (found,)
    tokens = {t.address: t for t in found if isinstance(t, Token) and t.address is not None}
    return tokens, tuple(fault for fault in found if isinstance(fault, TokenFault)), ()


async def _or_failure(ask: Callable[[], Awaitable[T]], chain: Chain) -> T | Failure:
    """What is asked, which begins only here: whoever is cancelled before has begun nothing."""
    try:
        return await ask()
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
    scan = question.scan._replace(known={**question.scan.known, **metadata})
    found = scan.found(cached.read._replace(faults=(*cached.read.faults, *metadata_faults)))
    failures = (*failures, *metadata_failures, *found.failures)
    return found._replace(state=state, latency_ms=cached.latency_ms, failures=failures)


def _split(read: BalanceRead, receipts: Collection[Address]) -> tuple[BalanceRead, BalanceRead]:
    """What a read says of other tokens, and what it says of receipt tokens."""
    own = {key: raw for key, raw in read.balances.items() if key[1] not in receipts}
    apart = {key: raw for key, raw in read.balances.items() if key[1] in receipts}
    own_faults = tuple(fault for fault in read.faults if fault.token not in receipts)
    apart_faults = tuple(fault for fault in read.faults if fault.token in receipts)
    return read._replace(balances=own, faults=own_faults), read._replace(balances=apart, faults=apart_faults)


def _token_failures(chain: Chain, faults: Sequence[TokenFault]) -> Iterator[Failure]:
    """Each token's, once."""
    for address, reason in {fault.token: fault.reason for fault in faults}.items():
        asset_id = erc20_asset_id(chain.chain_id, address)
        yield Failure("token", chain.slug, "rpc_bad_response", reason, asset_id)
