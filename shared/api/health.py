"""Whether the store, the chains, the price sources and the bus can be reached, and what was counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence

from ..core.chains import Chain
from ..core.ids import ZERO_ADDRESS
from ..core.tokens import native_token
from ..errors import BusUnavailable, RpcError, RpcReverted, StoreUnavailable
from ..probing import probing
from ..web.metrics import Count, Gauge
from ..web.operations import Dependency
from ..wiring import Context

BUS_USERS = frozenset(("snapshot", "fetch_balances", "runs"))
"""The functions that publish."""
READERS = frozenset(("balances", "fetch_balances", "pnl", "portfolio"))
"""The functions whose answers are made of what chains and price sources say."""
_PROBE_SECONDS = 2.0
_COUNTED = {
    "latest_writes_total": "Wallets on a chain whose balances were found changed",
    "messages_discarded_total": "Messages put among the dead letters",
    "messages_published_total": "Messages published",
    "parts_redelivered_total": "Deliveries of a part that were not the first",
    "parts_total": "Parts of runs that were kept, read or failed",
    "rpc_requests_total": "Requests sent to the chains' endpoints",
    "run_snapshots_total": "Snapshots that were kept",
    "store_reads_total": "Documents or rows read from the store",
    "store_writes_total": "Documents or rows written to the store",
    "stream_events_total": "Events sent to streams",
    "stream_fragments_merged_total": "Fragments that were superseded before a slow client took them",
}


def probe_for(
    functions: Collection[str],
) -> Callable[[Context], Coroutine[None, None, Sequence[Dependency]]]:
    """Asks whatever these functions need for something small, all of it at the same time."""
    reads, publishes = bool(READERS & set(functions)), bool(BUS_USERS & set(functions))

    async def probe(context: Context) -> Sequence[Dependency]:
        probes = [_probe_store(context)]
        if reads:
            probes += [_probe_chain(context, chain) for chain in context.chains.enabled()]
            probes.append(_probe_prices(context))
        if publishes:
            probes.append(_probe_bus(context))
        with probing():
            return await asyncio.gather(*probes)

    return probe


def numbers(context: Context) -> Iterator[Gauge | Count]:
    """What the metrics page shows besides the requests answered."""
    for name, labels, number in context.counts:
        yield Count(name, _COUNTED.get(name, name), labels, number)
    yield from _endpoints(context)


def _endpoints(context: Context) -> Iterator[Gauge]:
    """The remembered health of every endpoint that was asked so far, by host: no URL, no key."""
    for chain in context.chains:
        for endpoint in context.clients.health(chain):
            labels = (("chain", chain.slug), ("endpoint", endpoint.label))
            up = float(not endpoint.resting)
            yield Gauge("rpc_endpoint_up", "Whether the endpoint is asked (1) or left alone (0)", labels, up)
            failures = float(endpoint.failures)
            yield Gauge("rpc_endpoint_failures", "Failures since the last success", labels, failures)
            if endpoint.latency is not None:
                about = "Moving average of the latency"
                yield Gauge("rpc_endpoint_latency_seconds", about, labels, endpoint.latency)


async def _probe_store(context: Context) -> Dependency:
    name = context.settings.store.partition(":")[0]
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            await context.store.ready()
    except TimeoutError:
        return Dependency("store", name, False, f"no answer within {_PROBE_SECONDS:g} s")
    except StoreUnavailable as error:
        return Dependency("store", name, False, error.remedy or str(error))
    return Dependency("store", name, True)


async def _probe_chain(context: Context, chain: Chain) -> Dependency:
    try:
        await context.client(chain).call(ZERO_ADDRESS, b"", within=_PROBE_SECONDS)
    except RpcReverted:
        pass
    except RpcError as error:
        return Dependency("chain", chain.slug, False, str(error))
    return Dependency("chain", chain.slug, True)


async def _probe_prices(context: Context) -> Dependency:
    """The price book as one: which of its sources failed is in the message."""
    coins = [native_token(chain) for chain in context.chains.enabled() if not chain.testnet][:1]
    answer = await context.prices.prices(coins, within=_PROBE_SECONDS)
    failed = "; ".join(failure.message for failure in answer.failures)
    priced = any(price.price_usd is not None for price in answer.prices.values())
    return Dependency("prices", "price sources", not failed or priced, failed or None)


async def _probe_bus(context: Context) -> Dependency:
    try:
        await context.bus.ready()
    except BusUnavailable as error:
        return Dependency("bus", context.settings.bus, False, error.remedy or str(error))
    return Dependency("bus", context.settings.bus, True)
