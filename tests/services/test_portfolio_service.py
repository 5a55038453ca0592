"""A live portfolio asks every chain at once and turns every upstream failure into part of the answer."""

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.chain.cache import BalanceCache
from shared.chain.calls import Call, Replies, Reply
from shared.core.balances import BalanceRead, Block, TokenFault
from shared.core.chains import Chain
from shared.core.deployments import Deployment
from shared.core.failures import Failure
from shared.core.ids import Address, ChainId, address_from_bytes
from shared.core.portfolio import ChainRead
from shared.core.quotes import Price
from shared.core.tokens import Token, erc20
from shared.errors import PriceUnavailable, RpcError, RpcTimeout
from shared.facts import load_chains
from shared.prices.book import PriceAnswer
from shared.services.chain_reads import Issued, PortfolioQuery, read_chain
from shared.services.portfolio import read_portfolio

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WALLET, LISTED, ADDED, ISSUED = (address_from_bytes(bytes([n] * 20)) for n in (1, 2, 3, 4))
ETHEREUM, BASE = (load_chains()[ChainId(n)] for n in (1, 8453))


def make_token(chain: Chain, address: Address, *, listed: bool = True) -> Token:
    return erc20(chain.chain_id, address, "TKN", "Token", 6, listed=listed)


@dataclass
class FakeChain:
    """A chain that answers from dictionaries, or fails; `ready` holds its answer back."""

    chain: Chain
    balances: dict[Address | None, int] = field(default_factory=dict)
    faults: tuple[TokenFault, ...] = ()
    metadata: list[Token | TokenFault] = field(default_factory=list)
    error: RpcError | None = None
    ready: asyncio.Event | None = None
    asked: list[tuple[Address, ...]] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    call_error: RpcError | None = None
    called: list[tuple[tuple[Call, ...], Block | None]] = field(default_factory=list)
    within: list[float] = field(default_factory=list)

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        self.asked.append(tuple(tokens))
        if self.ready is not None:
            await self.ready.wait()
        if self.error is not None:
            raise self.error
        held = {(WALLET, token): raw for token, raw in self.balances.items()}
        return BalanceRead(self.chain.chain_id, Block(9, NOW), held, self.faults, frozenset(), len(tokens))

    async def read_calls(self, calls: Sequence[Call], *, within: float, at: Block | None = None) -> Replies:
        self.called.append((tuple(calls), at))
        self.within.append(within)
        if self.call_error is not None:
            raise self.call_error
        return Replies(at or Block(9, NOW), tuple(self.replies[: len(calls)]))

    async def read_tokens(self, addresses: Sequence[Address], *, within: float) -> list[Token | TokenFault]:
        if self.error is not None:
            raise self.error
        return self.metadata


@dataclass
class FakePrices:
    """Every token costs two dollars; `failures` are reported with each answer."""

    failures: tuple[Failure, ...] = ()
    asked: list[list[Token]] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        self.asked.append(list(tokens))
        self.heard.set()
        two = {
            t.asset_id: Price(t.asset_id, Decimal(2), "fake", NOW, Decimal(1), False, "open", ())
            for t in tokens
        }
        return PriceAnswer(two, self.failures)


@dataclass
class FakeCatalogue:
    issued: Mapping[ChainId, tuple[Token, ...]] = field(default_factory=dict)
    error: PriceUnavailable | None = None

    async def tokens(self) -> Mapping[ChainId, tuple[Token, ...]]:
        if self.error is not None:
            raise self.error
        return self.issued


class FakeSources:
    """The edges of a portfolio, all of them in memory."""

    def __init__(self, *chains: FakeChain, ttl: int = 0, catalogue: FakeCatalogue | None = None) -> None:
        self.time = NOW
        self.clock: Callable[[], datetime] = lambda: self.time
        self.chains = {chain.chain.chain_id: chain for chain in chains}
        self.balances = BalanceCache(self.clock, ttl=timedelta(seconds=ttl))
        self.prices = FakePrices()
        self.catalogue = catalogue or FakeCatalogue()
        self.token_lists: Callable[[ChainId], tuple[Token, ...]] = lambda chain_id: (
            make_token(self.chains[chain_id].chain, LISTED),
        )
        self.deployed: tuple[Deployment, ...] = ()

    def deployments(self, chain_id: ChainId) -> tuple[Deployment, ...]:
        return tuple(each for each in self.deployed if each.chain_id == chain_id)

    def client(self, chain: Chain) -> FakeChain:
        return self.chains[chain.chain_id]

    def query(
        self, *, tokens: tuple[tuple[Chain, Address], ...] = (), refresh: bool = False
    ) -> PortfolioQuery:
        return PortfolioQuery((WALLET,), tuple(c.chain for c in self.chains.values()), tokens, refresh)


async def test_the_holdings_of_all_chains_are_priced_in_one_request() -> None:
    sources = FakeSources(
        FakeChain(ETHEREUM, {None: 10**18, LISTED: 1_500_000}), FakeChain(BASE, {LISTED: 500_000})
    )
    portfolio = await read_portfolio(sources.query(), sources)

    assert portfolio.total_usd == 6
    assert portfolio.complete
    assert [len(tokens) for tokens in sources.prices.asked] == [3]


async def test_a_chain_that_fails_costs_only_itself() -> None:
    down = FakeChain(ETHEREUM, error=RpcTimeout("no answer within 7 s"))
    sources = FakeSources(down, FakeChain(BASE, {LISTED: 1_000_000}))
    portfolio = await read_portfolio(sources.query(), sources)

    assert [(c.chain.slug, c.state) for c in portfolio.chains] == [("ethereum", "error"), ("base", "ok")]
    assert portfolio.failures == (Failure("chain", "ethereum", "rpc_timeout", "no answer within 7 s"),)
    assert portfolio.total_usd == 2


async def test_a_chain_read_shortly_before_is_shown_as_stale_when_it_fails() -> None:
    chain = FakeChain(BASE, {LISTED: 1_000_000})
    sources = FakeSources(chain, ttl=10)
    await read_portfolio(sources.query(), sources)
    chain.error = RpcTimeout("no answer")
    sources.time += timedelta(seconds=60)
    portfolio = await read_portfolio(sources.query(), sources)

    assert portfolio.chains[0].state == "stale"
    assert (portfolio.total_usd, portfolio.complete, portfolio.as_of) == (Decimal(2), False, NOW)


async def test_what_is_known_for_too_long_is_not_shown() -> None:
    chain = FakeChain(BASE, {LISTED: 1_000_000})
    sources = FakeSources(chain, ttl=10)
    await read_portfolio(sources.query(), sources)
    chain.error = RpcTimeout("no answer")
    sources.time += timedelta(hours=1)
    portfolio = await read_portfolio(sources.query(), sources)

    assert portfolio.chains[0].state == "error"
    assert portfolio.holdings == ()


async def test_an_added_token_is_described_by_its_contract() -> None:
    described = make_token(BASE, ADDED, listed=False)
    chain = FakeChain(BASE, {ADDED: 3_000_000}, metadata=[described])
    sources = FakeSources(chain)
    portfolio = await read_portfolio(sources.query(tokens=((BASE, ADDED),)), sources)

    assert portfolio.holdings[0].token == described
    assert chain.asked == [(LISTED, ADDED)]


async def test_an_added_token_that_cannot_be_described_is_reported_and_not_shown() -> None:
    chain = FakeChain(BASE, {ADDED: 3_000_000}, metadata=[TokenFault(ADDED, "decimals() failed")])
    sources = FakeSources(chain)
    portfolio = await read_portfolio(sources.query(tokens=((BASE, ADDED),)), sources)

    assert portfolio.holdings == ()
    assert [(f.scope, f.asset_id, f.message) for f in portfolio.failures] == [
        ("token", f"eip155:8453/erc20:{ADDED}", "decimals() failed")
    ]
    assert portfolio.chains[0].state == "ok"


async def test_a_misbehaving_token_is_reported_beside_the_others() -> None:
    chain = FakeChain(BASE, {None: 1}, faults=(TokenFault(LISTED, "balanceOf: reverted"),))
    portfolio = await read_portfolio(FakeSources(chain).query(), FakeSources(chain))

    assert portfolio.chains[0].state == "ok"
    assert portfolio.failures[0].asset_id == f"eip155:8453/erc20:{LISTED}"


async def test_tokens_of_the_issuers_catalogue_are_read_as_listed() -> None:
    stock = make_token(BASE, ISSUED)
    chain = FakeChain(BASE, {ISSUED: 1_000_000})
    sources = FakeSources(chain, catalogue=FakeCatalogue({BASE.chain_id: (stock,)}))
    portfolio = await read_portfolio(sources.query(), sources)

    assert [set(asked) for asked in chain.asked] == [{LISTED, ISSUED}]
    assert portfolio.holdings[0].token == stock


async def test_a_catalogue_may_not_rename_a_listed_token() -> None:
    impostor = erc20(BASE.chain_id, LISTED, "FAKEx", "Impostor", 18, listed=True)
    chain = FakeChain(BASE, {LISTED: 1_000_000})
    sources = FakeSources(chain, catalogue=FakeCatalogue({BASE.chain_id: (impostor,)}))
    portfolio = await read_portfolio(sources.query(), sources)

    assert portfolio.holdings[0].token == make_token(BASE, LISTED)


async def test_a_catalogue_that_cannot_be_read_is_reported() -> None:
    catalogue = FakeCatalogue(error=PriceUnavailable("backed: down"))
    sources = FakeSources(FakeChain(BASE, {LISTED: 1}), catalogue=catalogue)
    portfolio = await read_portfolio(sources.query(), sources)

    assert [failure.code for failure in portfolio.failures] == ["price_unavailable"]
    assert len(portfolio.holdings) == 1


async def test_a_failed_price_source_makes_the_portfolio_incomplete() -> None:
    sources = FakeSources(FakeChain(BASE, {LISTED: 1}))
    sources.prices.failures = (Failure("price", None, "price_unavailable", "llama: HTTP 500"),)
    portfolio = await read_portfolio(sources.query(), sources)

    assert portfolio.failures == sources.prices.failures


async def test_every_chain_is_heard_of_as_it_answers() -> None:
    slow = FakeChain(ETHEREUM, ready=asyncio.Event())
    sources = FakeSources(slow, FakeChain(BASE))
    heard: list[str] = []

    def on_chain(read: ChainRead) -> None:
        heard.append(read.chain.slug)
        if slow.ready is not None:
            slow.ready.set()

    await read_portfolio(sources.query(), sources, on_chain=on_chain)

    assert heard == ["base", "ethereum"]


async def test_a_slow_chain_does_not_hold_up_the_prices_of_the_others() -> None:
    slow = FakeChain(ETHEREUM, {LISTED: 1_000_000}, ready=asyncio.Event())
    sources = FakeSources(slow, FakeChain(BASE, {LISTED: 1_000_000}))
    reading = asyncio.create_task(read_portfolio(sources.query(), sources))
    await sources.prices.heard.wait()
    assert slow.ready is not None
    slow.ready.set()
    portfolio = await reading

    assert [[token.chain_id for token in tokens] for tokens in sources.prices.asked] == [[8453], [1]]
    assert portfolio.total_usd == 4


async def test_no_address_is_an_empty_portfolio() -> None:
    sources = FakeSources(FakeChain(BASE, {LISTED: 1}))
    portfolio = await read_portfolio(replace(sources.query(), addresses=()), sources)

    assert (portfolio.holdings, portfolio.total_usd, portfolio.complete) == ((), Decimal(0), True)


async def test_a_read_that_is_given_up_before_it_begins_leaves_nothing_behind() -> None:
    sources = FakeSources(FakeChain(ETHEREUM))
    reading = asyncio.create_task(read_chain(sources.query(), ETHEREUM, Issued({}), sources, []))
    await asyncio.sleep(0)

    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    gc.collect()  # what was begun and never awaited would be told of here

    assert sources.chains[ETHEREUM.chain_id].asked == []
