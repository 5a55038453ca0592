"""Chain: the facts of one EVM chain, and the book that finds a chain by any of its names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .ids import ZERO_ADDRESS, Address, AssetId, ChainId, native_asset_id, parse_chain_id

# Addresses without a contract that APIs use as a name for any chain's native coin.
_NATIVE_NAMES = frozenset((ZERO_ADDRESS, Address("0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE")))


class NativeCoin(NamedTuple):
    """The coin that pays for gas; `slip44` is its SLIP-44 coin type."""

    symbol: str
    name: str
    decimals: int
    slip44: int


class Multicall(NamedTuple):
    """A Multicall3 contract and the block from which on it exists (None: not known)."""

    address: Address
    block_created: int | None


class Explorer(NamedTuple):
    """A block explorer and, where it has one, its API."""

    name: str
    url: str
    api_url: str | None


class PriceNames(NamedTuple):
    """What the price APIs call this chain and its native coin; None where they do not know it."""

    llama: str | None
    coingecko_platform: str | None
    coingecko_native: str | None
    backed: str | None


@dataclass(frozen=True, slots=True)
class Chain:
    """One record of `data/chains.json`."""

    chain_id: ChainId
    slug: str
    name: str
    aliases: tuple[str, ...]
    native: NativeCoin
    wrapped_native: Address | None
    multicall: Multicall | None
    rpc_urls: tuple[str, ...]
    explorers: tuple[Explorer, ...]
    block_time_seconds: float | None
    price_names: PriceNames
    enabled: bool
    """Read when a request names no chains."""
    testnet: bool
    runs_init_code: bool
    """Whether `eth_call` without `to` runs EVM code and sees the balances that `eth_getBalance` states.

    Not so on the ZK Stack's own VM, on Filecoin (answers nothing) and on Hedera (counts in tinybars inside).
    """

    native_mirrors: tuple[Address, ...] = ()
    """Contracts that report the native balance once more, as if it were a token."""
    zapper: str | None = None
    """What Zapper's API called the chain, where that is not the slug."""

    def __hash__(self) -> int:
        """The id is enough, and all the facts together take long."""
        return hash(self.chain_id)

    @property
    def native_asset_id(self) -> AssetId:
        return native_asset_id(self.chain_id, self.native.slip44)

    def mirrors_native(self, address: Address) -> bool:
        """Whether a token of this address would count the native coin twice."""
        return address in self.native_mirrors or address in _NATIVE_NAMES

    @property
    def caip2(self) -> str:
        return f"eip155:{self.chain_id}"


class Chains:
    """All known chains, found by slug, alias, id or CAIP-2; names are not case-sensitive."""

    def __init__(self, chains: Iterable[Chain]) -> None:
        """Raises ValueError when two chains share an id or a name."""
        self._by_id: dict[ChainId, Chain] = {}
        self._by_name: dict[str, Chain] = {}
        for chain in chains:
            if chain.chain_id in self._by_id:
                raise ValueError(f"two chains have the id {chain.chain_id}")
            self._by_id[chain.chain_id] = chain
            for name in {n.lower() for n in (chain.slug, *chain.aliases)}:
                if name in self._by_name:
                    raise ValueError(f"{self._by_name[name].slug} and {chain.slug} are both called {name}")
                self._by_name[name] = chain

    def __iter__(self) -> Iterator[Chain]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __getitem__(self, chain_id: ChainId) -> Chain:
        return self._by_id[chain_id]

    def get(self, chain_id: ChainId) -> Chain | None:
        """The chain of an id, or None."""
        return self._by_id.get(chain_id)

    def find(self, name: str) -> Chain | None:
        """The chain of a slug, alias, id (`8453`) or CAIP-2 (`eip155:8453`), or None."""
        chain_id = parse_chain_id(name)
        if chain_id is not None:
            return self._by_id.get(chain_id)
        return self._by_name.get(name.lower())

    def enabled(self) -> tuple[Chain, ...]:
        """The chains that a request without `chains` reads."""
        return tuple(chain for chain in self if chain.enabled)
