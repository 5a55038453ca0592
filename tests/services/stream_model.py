"""A model of what streams run on: a store that is written and listed, a feed that lags, boards, a client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from shared.core.balances import Block
from shared.core.failures import Failure
from shared.core.fragments import Fragment, FragmentBalance, FragmentKey
from shared.core.ids import Address, AssetId
from shared.core.quotes import Price
from shared.core.stream_ids import StreamId, fingerprint, format_stream_id
from shared.services.stream_events import Found, Heartbeat, Prices, PriceTold, Snapshot, Status, StreamEvent
from shared.services.stream_prices import Listed
from shared.services.stream_told import Failing
from shared.store.run_ports import News

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WALLETS = (
    Address("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"),
    Address("0x00000000219ab540356cBB839Cbe05303d7705Fa"),
)
KEYS = tuple(
    FragmentKey(wallet, chain, protocol)
    for wallet in WALLETS
    for chain, protocol in (("ethereum", "wallet"), ("ethereum", "aave-v3"), ("base", "wallet"))
)
FIRST = int(NOON.timestamp()) * 10**6 - 10**9
MANY = 120
"""Positions of which two do not fit into one chunk."""


def asset(number: int) -> AssetId:
    return AssetId(f"eip155:1/slip44:{number}")


def make_fragment(key: FragmentKey, block: int, held: Iterable[int], sequence: int = 0) -> Fragment:
    balances = tuple(FragmentBalance(asset(number), f"T{number}", 18, block) for number in held)
    return Fragment(*key, Block(block, NOON), balances, sequence)


@dataclass
class ModelStore:
    """Keeps the newest fragment of each key; what is written together has one sequence."""

    latest: dict[FragmentKey, Fragment] = field(default_factory=dict)
    sequence: int = FIRST
    block: int = 0

    def write(self, keys: Iterable[FragmentKey], held: Iterable[int], pause: int) -> News:
        self.sequence += 1 + pause
        self.block += 1
        held = list(held)
        written = [make_fragment(key, self.block, held, self.sequence) for key in keys]
        self.latest.update((fragment.key, fragment) for fragment in written)
        return News(tuple(written), self.sequence)

    def list(self) -> News:
        in_order = sorted(self.latest.values(), key=lambda fragment: (fragment.sequence, fragment.key))
        return News(tuple(in_order), self.sequence)


@dataclass
class ModelBoard:
    """One process's prices: versions by asset; what is wanted is known from the next `ask` on."""

    prices: dict[AssetId, Listed] = field(default_factory=dict)
    wanted: set[AssetId] = field(default_factory=set)

    def get(self, asset_id: AssetId) -> Listed | None:
        return self.prices.get(asset_id)

    def want(self, balances: Iterable[FragmentBalance]) -> None:
        self.wanted.update(balance.asset_id for balance in balances)

    def ask(self, version: int) -> list[AssetId]:
        """Prices of all that is wanted; returns those that are others than before."""
        new = {asset_id: listed(asset_id, version) for asset_id in self.wanted}
        changed = [asset_id for asset_id, each in new.items() if self.prices.get(asset_id) != each]
        self.prices.update(new)
        return changed


def listed(asset_id: AssetId, version: int) -> Listed:
    usd = Decimal(version)
    price = Price(asset_id, usd, "llama", NOON, Decimal(1), stale=False, market="open", quotes=())
    return Listed("T", price, fingerprint(asset_id, str(version)))


def failing(chains: Iterable[str], *pending: str) -> Failing:
    return Failing(tuple(Failure("chain", c, "rpc_timeout", "late") for c in sorted(chains)), pending)


@dataclass
class ModelClient:
    """Does what the events say, and is strict about what may not happen."""

    fragments: dict[FragmentKey, Fragment] = field(default_factory=dict)
    prices: dict[AssetId, Price] = field(default_factory=dict)
    failing: Failing = field(default_factory=lambda: Failing((), ()))
    last_id: StreamId | None = None
    seen: set[tuple[FragmentKey, int]] = field(default_factory=set)
    next_chunk: int = 1

    @property
    def header(self) -> str | None:
        return None if self.last_id is None else format_stream_id(self.last_id)

    def receive(self, event: StreamEvent) -> None:
        match event:
            case Snapshot():
                self._begin(event)
                self._learn(event.fragments, event.prices)
                self.failing = Failing(event.failures, event.pending)
            case Found(fragment):
                assert self.next_chunk == 1, "a fragment came before the snapshot was complete"
                self._learn((fragment,), ())
            case Prices(prices):
                self._learn((), prices)
            case Status(failures, pending):
                assert self.failing != (failures, pending), "a status that says nothing new"
                self.failing = Failing(failures, pending)
            case Heartbeat():
                pass
            case _:
                raise AssertionError(event)
        self.last_id = event.id

    def _begin(self, event: Snapshot) -> None:
        if event.chunk == 1:
            self.fragments, self.prices, self.seen = {}, {}, set()
        else:
            assert event.chunk == self.next_chunk, "a chunk is missing"
        self.next_chunk = 1 if event.chunk == event.chunks else event.chunk + 1

    def _learn(self, fragments: Iterable[Fragment], prices: Iterable[PriceTold]) -> None:
        for fragment in fragments:
            told = (fragment.key, fragment.sequence)
            assert told not in self.seen, "a fragment came twice"
            self.seen.add(told)
            self.fragments[fragment.key] = fragment
        self.prices.update((price.asset_id, price) for _, price in prices)
