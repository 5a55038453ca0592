"""What the services see of the simulated world: the ports of one process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cache

from shared.bus.batches import cut_batches
from shared.bus.ports import Bus, Message, Topic
from shared.chain.calls import NATIVE, Call, Outcome, Replies, Reply
from shared.chain.pieces import cut_grid
from shared.chain.ways import Limits
from shared.core.balances import BalanceRead, Block
from shared.core.chains import Chain, Chains
from shared.core.deployments import Deployment
from shared.core.ids import Address, ChainId
from shared.core.quotes import Price
from shared.core.tokens import Token
from shared.counts import Counts
from shared.facts import load_deployments
from shared.prices.book import PriceAnswer
from shared.services.runs_sources import RunReader
from shared.store.ports import Store
from shared.store.run_memory import RunMemory
from tests.fakes import FakeCatalogue
from tests.simulate.before import Before
from tests.simulate.edges import Edges
from tests.simulate.engine import Delivery
from tests.simulate.market import PRICE, Crowd, Market
from tests.simulate.store import (
    SimulatedErasures,
    SimulatedLatest,
    SimulatedOwners,
    SimulatedParts,
    SimulatedRuns,
    SimulatedSnapshots,
)
from tests.store.fakes import fake_store

_LEAST_BILLED = 1000  # bytes of a request, https://cloud.google.com/pubsub/pricing
_SURROUNDINGS = 20 + 16 + 71  # bytes of a message: its time, its id, the attribute of its trace


@dataclass(frozen=True)
class Process:
    """One process of a function; all that outlives it is shared."""

    store: Store
    bus: Bus
    prices: SimulatedPrices
    market: Market
    edges: Edges
    clock: Callable[[], datetime]
    run_memory: RunMemory = field(default_factory=RunMemory)
    counts: Counts = field(default_factory=Counts)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)

    @property
    def chains(self) -> Chains:
        return self.market.chains

    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]:
        return self.market.tokens

    @property
    def deployments(self) -> Callable[[ChainId], tuple[Deployment, ...]]:
        """The shipped ones: their receipt tokens are asked for, though nobody in the crowd has any."""
        return load_deployments

    def client(self, chain: Chain) -> RunReader:
        return SimulatedChain(self.edges, self.market, chain, self.clock)


def simulated_store(edges: Edges, crowd: Crowd, before: Before, clock: Callable[[], datetime]) -> Store:
    """All that runs ask of a store; for scheduled runs the other ports are not needed."""
    snapshots = SimulatedSnapshots(edges)
    return replace(
        fake_store(clock),
        owners=SimulatedOwners(edges, crowd),
        runs=SimulatedRuns(edges, before),
        parts=SimulatedParts(edges, snapshots),
        latest=SimulatedLatest(edges, before),
        run_snapshots=snapshots,
        erasures=SimulatedErasures(edges),
    )


class SimulatedChain:
    """One chain; each has a latency of its own between the least and the most."""

    def __init__(self, edges: Edges, market: Market, chain: Chain, clock: Callable[[], datetime]) -> None:
        self._edges = edges
        self._market = market
        self._chain = chain
        self._clock = clock

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        """As many requests at once as the real client makes of such a read."""
        requests = requests_of(len(wallets), len(tokens))
        self._edges.count("rpc", self._chain.slug, requests)
        await self._edges.pause(self._latency(requests), self._edges.facts.cpu["rpc"] * requests)
        held = {
            (wallet, token.address): raw
            for wallet in wallets
            for token, raw in self._market.holds(self._chain, wallet)
        }
        return BalanceRead(self._chain.chain_id, self._block(), held, (), frozenset(), len(tokens))

    async def read_calls(self, calls: Sequence[Call], *, within: float, at: Block | None = None) -> Replies:
        """One request, whatever is asked; there is no contract that answers."""
        self._edges.count("rpc", self._chain.slug, 1)
        await self._edges.pause(self._latency(1), self._edges.facts.cpu["rpc"])
        return Replies(at or self._block(), (Reply(Outcome.NO_CODE),) * len(calls))

    def _block(self) -> Block:
        now = self._clock()
        return Block(int(now.timestamp()), now)

    def _latency(self, requests: int) -> float:
        """Of the slowest of them; none is further from the chain's own latency than a fifth."""
        low, high = self._edges.facts.seconds["rpc"]
        usual = low + (high - low) * self._market.place(self._chain)
        slowest = max(self._edges.chance() for _ in range(requests))
        return min(max(usual * (0.8 + 0.4 * slowest), low), high)


@cache
def requests_of(wallets: int, tokens: int) -> int:
    """How many requests a read of so many wallets and tokens is, the native coin beside them."""
    numbered = tuple(Address(f"0x{number:040x}") for number in range(max(wallets, tokens)))
    return len(cut_grid(numbered[:wallets], (NATIVE, *numbered[:tokens]), Limits().scan.usual))


class SimulatedPrices:
    """A price book whose sources know everything."""

    def __init__(self, edges: Edges, clock: Callable[[], datetime]) -> None:
        self._edges = edges
        self._clock = clock

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        self._edges.count("price lookup", "tokens", len(tokens))
        await self._edges.call("prices")
        now = self._clock()
        confidence = Decimal("0.99")
        return PriceAnswer(
            {
                token.asset_id: Price(token.asset_id, PRICE, "llama", now, confidence, False, "open", ())
                for token in tokens
            },
            (),
        )


class SimulatedBus:
    """Pub/Sub: what is published is delivered a while later."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges

    async def publish(self, topic: Topic, messages: Sequence[bytes]) -> None:
        for batch in cut_batches(messages):
            size = sum(len(data) + _SURROUNDINGS for data in batch)
            self._edges.count("bytes", "published", max(size, _LEAST_BILLED))
            self._edges.count("messages", topic, len(batch))
            await self._edges.call("publish")
            for data in batch:
                self._edges.sent.append(Delivery(topic, data, self._edges.draw("deliver")))

    async def discard(self, message: Message, reason: str) -> None:
        self._edges.count("messages", "discarded")

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        """Nothing is under way."""


def delivered_bytes(data: bytes) -> int:
    """What a push of one message is billed for."""
    return max(len(data) + _SURROUNDINGS, _LEAST_BILLED)
