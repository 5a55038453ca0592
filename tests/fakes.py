"""Stand-ins for the outside worlds, and a Context of them: what endpoints and services work with in tests."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import cast

from shared.api.tracing import trace
from shared.archive.opening import ObjectsOnDemand
from shared.bus.local import LocalBus
from shared.bus.opening import BusOnDemand
from shared.bus.subscription import Chance
from shared.chain.cache import BalanceCache
from shared.chain.calls import Call, Outcome, Replies, Reply
from shared.chain.clients import ChainClients
from shared.chain.health import EndpointHealth
from shared.chain.names import Names
from shared.chain.transfer_logs import Span
from shared.config import Settings
from shared.core.balances import BalanceRead, Block, TokenFault
from shared.core.chains import Chain, Chains
from shared.core.deployments import Deployment
from shared.core.failures import Failure
from shared.core.ids import Address, AssetId, ChainId
from shared.core.quotes import Price, Quote, unpriced
from shared.core.tokens import Token, erc20
from shared.core.transactions import NativeChange, TransactionRead
from shared.counts import Counts
from shared.errors import RpcError, RpcUnavailable
from shared.facts import load_chains
from shared.prices.backed import Backed
from shared.prices.book import PriceAnswer, PriceBook
from shared.prices.http import JsonHttp
from shared.prices.opening import Prices
from shared.store.opening import StoreOnDemand, open_store
from shared.wiring import Context

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WALLET = Address("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
USDC = erc20(
    ChainId(1), Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"), "USDC", "USD Coin", 6, listed=True
)


@dataclass
class FakeClock:
    """Time that passes only when told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Nobody waits, and yet the time has passed."""
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass
class FakeHistory:
    """A chain on which the transactions in `known` happened; raises `error` if there is one."""

    known: dict[str, TransactionRead] = field(default_factory=dict)
    error: RpcError | None = None

    async def read_transaction(self, tx_hash: str, *, within: float) -> TransactionRead:
        self._check()
        return self.known.get(tx_hash, TransactionRead(tx_hash))

    async def read_native_change(self, wallet: Address, block_number: int, *, within: float) -> NativeChange:
        raise RpcUnavailable("this chain keeps no old state")

    async def read_transfers(self, wallet: Address, first: int, last: int, *, within: float) -> Span:
        self._check()
        return Span((), last)

    async def read_head(self, *, within: float) -> int:
        self._check()
        return 23_800_000

    def _check(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class FakeClient:
    """A chain that holds what `balances` says; raises `error` if there is one. Counts its reads."""

    chain: Chain
    balances: dict[tuple[Address, Address | None], int] = field(default_factory=dict)
    unlisted: dict[Address, Token | TokenFault] = field(default_factory=dict)
    faults: tuple[TokenFault, ...] = ()
    error: RpcError | None = None
    reads: int = 0
    block_number: int = 23_800_000
    replies: dict[Call, Reply] = field(default_factory=dict)
    history: FakeHistory = field(default_factory=FakeHistory)

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        self.reads += 1
        self._check()
        asked = {(wallet, token) for wallet in wallets for token in (None, *tokens)}
        found = {key: raw for key, raw in self.balances.items() if key in asked}
        block = Block(self.block_number, NOON)
        return BalanceRead(self.chain.chain_id, block, found, self.faults, frozenset(), len(tokens))

    async def read_calls(self, calls: Sequence[Call], *, within: float, at: Block | None = None) -> Replies:
        self._check()
        replies = (self.replies.get(call, Reply(Outcome.REVERTED)) for call in calls)
        return Replies(at or Block(self.block_number, NOON), tuple(replies))

    async def read_tokens(self, addresses: Sequence[Address], *, within: float) -> list[Token | TokenFault]:
        self._check()
        return [self.unlisted.get(address) or TokenFault(address, "is no token") for address in addresses]

    async def call(self, to: Address, data: bytes, *, within: float) -> bytes:
        self._check()
        return b""

    def _check(self) -> None:
        if self.error is not None:
            raise self.error


@dataclass
class FakeClients:
    """A client for each chain, made when first asked for."""

    by_id: dict[ChainId, FakeClient] = field(default_factory=dict)

    def client(self, chain: Chain) -> FakeClient:
        return self.by_id.setdefault(chain.chain_id, FakeClient(chain))

    def health(self, chain: Chain) -> list[EndpointHealth]:
        client = self.by_id.get(chain.chain_id)
        failed = client is not None and client.error is not None
        return [EndpointHealth(f"{chain.slug}.example", failed, int(failed), 0.084)] if client else []

    async def close(self) -> None:
        self.by_id.clear()


@dataclass
class FakeBook:
    """Prices as they are put in; everything else is unpriced."""

    known: dict[AssetId, Price] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        unknown = "unknown: no price source knows this asset"
        return PriceAnswer(
            {t.asset_id: self.known.get(t.asset_id) or unpriced(t.asset_id, unknown) for t in tokens},
            self.failures,
        )

    async def close(self) -> None:
        """Nothing is open."""


class FakeCatalogue:
    """An issuer of nothing."""

    async def tokens(self) -> Mapping[ChainId, tuple[Token, ...]]:
        return {}

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class FakeNames:
    """ENS as a dictionary; raises `error` if there is one."""

    known: dict[str, Address] = field(default_factory=dict)
    error: RpcError | None = None

    async def __call__(self, name: str, *, within: float) -> Address | None:
        if self.error is not None:
            raise self.error
        return self.known.get(name)


@dataclass
class Fakes:
    """All of them; `context()` puts them together as the endpoints see them."""

    settings: Settings = field(default_factory=lambda: Settings(log_level="ERROR"))
    clock: FakeClock = field(default_factory=FakeClock)
    clients: FakeClients = field(default_factory=FakeClients)
    book: FakeBook = field(default_factory=FakeBook)
    names: FakeNames = field(default_factory=FakeNames)
    chains: Chains = field(default_factory=load_chains)
    known_chains: Chains | None = None
    tokens: tuple[Token, ...] = (USDC,)
    deployments: tuple[Deployment, ...] = ()
    counts: Counts = field(default_factory=Counts)
    archives: ObjectsOnDemand = field(default_factory=ObjectsOnDemand)
    buses: BusOnDemand = field(init=False)
    stores: StoreOnDemand = field(init=False)

    def __post_init__(self) -> None:
        self.buses = BusOnDemand(self._open_bus)
        self.stores = StoreOnDemand(partial(open_store, "sqlite::memory:", None, self.clock, self.counts))

    @property
    def bus(self) -> LocalBus:
        """The bus; nobody waits between its attempts."""
        return cast(LocalBus, self.buses.get())

    def _open_bus(self) -> LocalBus:
        chance = Chance(sleep=self.clock.sleep, random=random.Random(0).random)
        return LocalBus(self.counts, self.clock, trace=trace, chance=chance)

    def client(self, chain_id: int) -> FakeClient:
        return self.clients.client(self.chains[ChainId(chain_id)])

    def context(self) -> Context:
        ttl = timedelta(seconds=self.settings.balance_ttl_seconds)
        return Context(
            settings=self.settings,
            known_chains=self.known_chains or self.chains,
            chains=self.chains,
            clients=cast(ChainClients, self.clients),
            balances=BalanceCache(self.clock, ttl=ttl),
            names=Names(self.names, self.clock),
            pricing=Prices(
                cast(PriceBook, self.book), cast(Backed, FakeCatalogue()), cast(JsonHttp, FakeCatalogue())
            ),
            stores=self.stores,
            buses=self.buses,
            counts=self.counts,
            token_lists=lambda chain_id: tuple(t for t in self.tokens if t.chain_id == chain_id),
            deployments=lambda chain_id: tuple(d for d in self.deployments if d.chain_id == chain_id),
            clock=self.clock,
            archives=self.archives,
        )


def quote(asset_id: AssetId, usd: str, source: str = "llama") -> Quote:
    return Quote(asset_id, source, Decimal(usd), NOON, confidence=Decimal("0.99"))


def price(asset_id: AssetId, usd: str, source: str = "llama") -> Price:
    """A price that one source gives with confidence."""
    return Price(
        asset_id=asset_id,
        price_usd=Decimal(usd),
        source=source,
        as_of=NOON,
        confidence=Decimal("0.99"),
        stale=False,
        market="open",
        quotes=(quote(asset_id, usd, source),),
    )
