"""The only module that chooses implementations: settings in, a Context of open edges out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from .archive.opening import ObjectsOnDemand, open_objects
from .archive.ports import Objects
from .bus.opening import BusOnDemand, open_bus
from .bus.ports import Bus
from .chain.cache import BalanceCache
from .chain.clients import ChainClients
from .chain.gateways import Gateways
from .chain.names import Names
from .config import ArchiveSettings, Settings
from .core.archive_location import Location
from .core.chains import Chain, Chains
from .core.deployments import Deployment
from .core.ids import Address, ChainId
from .core.stream_rhythm import Rhythm
from .core.tokens import Token
from .counts import Counts
from .errors import ConfigError
from .facts import load_chains, load_deployments, load_tokens
from .ongoing import Ongoing
from .prices.backed import Backed
from .prices.book import PriceBook
from .prices.opening import Prices, open_prices
from .store.opening import StoreOnDemand, open_store
from .store.run_memory import RunMemory
from .store.trade_ids import TradeIds
from .tls import Tls

if TYPE_CHECKING:  # types only: loaded with the first client, and when a store is opened
    from .chain.client import ChainClient
    from .store.ports import Store

_ETHEREUM = ChainId(1)


@dataclass(frozen=True, slots=True)
class Context:
    """All that an endpoint works with; made once a process, and by tests from fakes."""

    settings: Settings
    known_chains: Chains
    """All there are: what is recorded may be of one that is not read."""
    chains: Chains
    """Those that exist for callers who ask what is on a chain."""
    clients: ChainClients
    balances: BalanceCache
    names: Names
    pricing: Prices
    stores: StoreOnDemand
    buses: BusOnDemand
    counts: Counts
    token_lists: Callable[[ChainId], tuple[Token, ...]]
    deployments: Callable[[ChainId], tuple[Deployment, ...]]
    clock: Callable[[], datetime]
    gateways: Gateways = field(default_factory=Gateways)
    archives: ObjectsOnDemand = field(default_factory=ObjectsOnDemand)
    trade_ids: TradeIds = field(default_factory=lambda: TradeIds(_now))
    run_memory: RunMemory = field(default_factory=RunMemory)
    ongoing: Ongoing = field(default_factory=Ongoing)

    @property
    def prices(self) -> PriceBook:
        return self.pricing.book

    @property
    def catalogue(self) -> Backed:
        return self.pricing.backed

    @property
    def store(self) -> Store:
        return self.stores.get()

    @property
    def bus(self) -> Bus:
        return self.buses.get()

    @property
    def objects(self) -> Objects | None:
        """Where archives are kept; None if they are not."""
        return self.archives.get()

    @property
    def rhythm(self) -> Rhythm:
        """How often open streams do what they do."""
        settings, streams = self.settings, self.settings.streams
        return Rhythm(
            refresh_seconds=streams.refresh_seconds,
            fresh_seconds=settings.balance_ttl_seconds,
            price_seconds=settings.price_ttl_seconds,
            heartbeat_seconds=streams.heartbeat_seconds,
            longest_seconds=streams.longest_seconds,
        )

    @property
    def cursor_key(self) -> bytes:
        """What cursors are made with: the same in all processes of a deployment, another one elsewhere.

        It is made of settings and so no secret; `web.cursors` says why none is needed.
        """
        oidc = self.settings.oidc
        about = ("cursors", oidc.issuer or "", oidc.audience or "", self.settings.project or "")
        return hashlib.sha256("\n".join(about).encode()).digest()

    def client(self, chain: Chain) -> ChainClient:
        return self.clients.client(chain)

    async def close(self) -> None:
        """Stop what is under way and close every connection; first the bus, which uses all the others."""
        await self.ongoing.close()
        await self.buses.close()
        await self.balances.close()
        await self.pricing.close()
        await self.clients.close()
        await self.gateways.close()
        await self.archives.close()
        await self.stores.close()


def open_context(settings: Settings, trace: Callable[[], Mapping[str, str]] = dict) -> Context:
    """The edges that the settings ask for; nothing connects before it is used.

    `trace` are the attributes of a message that is published now. Raises ConfigError when CHAINS names a
    chain that nobody knows.
    """
    counts = Counts()
    known = load_chains()
    public_only = settings.public_only
    tls = Tls(settings.ssl_cert_file, settings.ssl_cert_dir)
    clients = ChainClients(settings.rpc_urls, tls, counts, public_only=public_only)
    gateways = Gateways(tls)
    chains = choose_chains(known, settings.chains)
    return Context(
        settings=settings,
        known_chains=known,
        chains=chains,
        clients=clients,
        balances=BalanceCache(_now, ttl=timedelta(seconds=settings.balance_ttl_seconds)),
        names=Names(partial(_resolve_name, clients, known[_ETHEREUM], gateways), _now),
        pricing=open_prices(
            settings.price_apis, known, ttl=settings.price_ttl_seconds, tls=tls, public_only=public_only
        ),
        stores=StoreOnDemand(partial(open_store, settings.store, settings.project, _now, counts)),
        buses=BusOnDemand(partial(_open_bus, settings, counts, trace)),
        counts=counts,
        token_lists=load_tokens,
        deployments=load_deployments,
        clock=_now,
        gateways=gateways,
        archives=ObjectsOnDemand(partial(_open_archives, settings.archive)),
    )


async def _resolve_name(
    clients: ChainClients, ethereum: Chain, gateways: Gateways, name: str, *, within: float
) -> Address | None:
    from .chain.ens import resolve_name

    return await resolve_name(clients.client(ethereum), gateways, name, within=within)


def _open_bus(settings: Settings, counts: Counts, trace: Callable[[], Mapping[str, str]]) -> Bus:
    host = settings.pubsub_emulator_host
    return open_bus(settings.bus, settings.project, _now, counts, trace=trace, emulator_host=host)


def open_archives(location: Location, settings: ArchiveSettings) -> Objects:
    """The archives at a place, by the settings for places of its kind."""
    return open_objects(
        location,
        s3_endpoint_url=settings.s3_endpoint_url,
        s3_region=settings.s3_region,
        gcs_emulator_url=settings.gcs_emulator_url,
    )


def _open_archives(settings: ArchiveSettings) -> Objects | None:
    return None if settings.location is None else open_archives(settings.location, settings)


def check_settings(settings: Settings) -> None:
    """Raises ConfigError for what only shows against the facts, so that it stops the start."""
    if not settings.chains and not settings.rpc_urls:
        return
    known = load_chains()
    choose_chains(known, settings.chains)
    for chain_id in settings.rpc_urls:
        if known.get(ChainId(chain_id)) is None:
            raise ConfigError(f"RPC_URL_{chain_id}: {chain_id} is not a known chain")


def choose_chains(known: Chains, names: tuple[str, ...]) -> Chains:
    """The chains that exist for callers: all of them, or just those named, which are then all enabled."""
    if not names:
        return known
    chosen: dict[ChainId, Chain] = {}
    for name in names:
        chain = known.find(name)
        if chain is None:
            raise ConfigError(f"CHAINS: {name} is not a known chain")
        chosen[chain.chain_id] = replace(chain, enabled=True)
    return Chains(chosen.values())


def _now() -> datetime:
    return datetime.now(UTC)
