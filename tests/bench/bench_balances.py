"""/v2/balances over eight chains, every node 50 ms away: when the first event comes, and when the last."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, fields

import httpx
import uvloop

from shared.chain.client import ChainClient
from shared.chain.clients import ChainClients
from shared.config import PriceApis, Settings
from shared.core.chains import Chain
from shared.core.deployments import receipt_tokens
from shared.core.ids import Address
from shared.facts import load_chains, load_deployments, load_tokens
from shared.prices.book import PriceBook
from shared.prices.opening import open_prices
from tests.bench.bench_chains import listed
from tests.bench.bench_scanner import relays
from tests.bench.goals import Goal, show
from tests.chain.setting import WALLET
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.demo_prices import coins, run_price_server
from tests.devnet.local_server import run_server
from tests.devnet.tokens import Erc20, mint, place_tokens
from tests.ports import free_port

_CHAINS = 8
_LATENCY = 0.05
_ROUNDS = 25
_HELD_EVERY = 10
_DEPOSITS = 4
_PRICE_TTL = 60
_BALANCE = b"event: balance\n"
_SHOWN = {
    "trip": "a round trip to the fastest",
    "read": "the slowest chain's own read",
    "first": "the first balance event",
    "together": "the reads of all chains together",
    "lookup": "a price lookup",
    "last": "the last balance event",
}


def scanned(chain: Chain) -> tuple[Address, ...]:
    """What one read of a chain asks for: the listed tokens and the protocols' receipts."""
    return tuple(dict.fromkeys((*listed(chain), *receipt_tokens(load_deployments(chain.chain_id)))))


def place(anvil: Anvil, chain: Chain) -> None:
    """The chain's token list, of which the wallet holds a tenth, and its deposits in Aave.

    No shares of vaults: what those are worth takes a second round trip to tell.
    """
    deployments = load_deployments(chain.chain_id)
    receipts = set(receipt_tokens(deployments))
    plain = [address for address in listed(chain) if address not in receipts]
    lent = [r.token for each in deployments if each.protocol == "aave-v3" for r in each.receipts]
    place_tokens(anvil, *(Erc20(address, "T", "Token") for address in (*plain, *lent)))
    mint(anvil, {(address, WALLET): 10**18 for address in (*plain[::_HELD_EVERY], *lent[:_DEPOSITS])})
    anvil.mine()


async def seconds_alone(client: ChainClient) -> tuple[float, float]:
    """Of one chain with nothing else going on: a round trip, and its own read."""
    start = time.perf_counter()
    await client._transport.request("eth_chainId", [], within=30)
    middle = time.perf_counter()
    await client.read_balances([WALLET], scanned(client.chain), within=30)
    return middle - start, time.perf_counter() - middle


async def seconds_together(clients: Sequence[ChainClient]) -> float:
    """Of all chains' reads in one process."""
    start = time.perf_counter()
    reads = (client.read_balances([WALLET], scanned(client.chain), within=30) for client in clients)
    await asyncio.gather(*reads)
    return time.perf_counter() - start


async def seconds_of_lookup(book: PriceBook, chains: Iterable[Chain]) -> float:
    """Of the prices that a stream asks for, of all chains together."""
    tokens = [token for chain in chains for token in load_tokens(chain.chain_id)[::_HELD_EVERY]]
    start = time.perf_counter()
    await book.prices(tokens, within=30)
    return time.perf_counter() - start


async def seconds_of_stream(client: httpx.AsyncClient, url: str) -> tuple[float, float]:
    """How long until the first balance is there, and until the last."""
    start, moments, events = time.perf_counter(), [0.0], 0
    async with client.stream("GET", url) as answer:
        async for piece in answer.aiter_raw():
            if _BALANCE in piece:
                moments.append(time.perf_counter() - start)
                events += piece.count(_BALANCE)
    assert events >= _CHAINS
    return moments[1], moments[-1]


@dataclass
class Round:
    """What was measured at nearly the same moment, in seconds."""

    trip: float
    """A round trip to the fastest chain."""
    read: float
    """The slowest chain's own read."""
    together: float
    """The reads of all chains at once and nothing else, in one process: the floor of what a server can do."""
    lookup: float
    """The prices of all listed tokens, nobody having them yet."""
    first: float
    last: float


async def measure(chains: Mapping[int, Chain], server: str, apis: PriceApis) -> list[Round]:
    """The rounds, without the first, which makes the connections."""
    rounds = []
    async with AsyncExitStack() as stack:
        opened = ChainClients({chain.chain_id: (f"http://127.0.0.1:{p}",) for p, chain in chains.items()})
        stack.push_async_callback(opened.close)
        web = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30))
        pricing = open_prices(apis, load_chains(), ttl=0)
        stack.push_async_callback(pricing.close)
        clients = [opened.client(chain) for chain in chains.values()]
        for _ in range(_ROUNDS + 1):
            first, last = await seconds_of_stream(web, f"{server}/v2/balances?addresses={WALLET}")
            alone = [await seconds_alone(client) for client in clients]
            trip, read = min(t for t, _ in alone), max(r for _, r in alone)
            together = await seconds_together(clients)
            lookup = await seconds_of_lookup(pricing.book, chains.values())
            rounds.append(Round(trip, read, together, lookup, first, last))
    return rounds[1:]


def price_urls(prices: str) -> dict[str, str]:
    """The variables that name the price server."""
    return {
        "BACKED_BASE_URL": f"{prices}/backed",
        "LLAMA_BASE_URL": f"{prices}/llama",
        "COINGECKO_BASE_URL": f"{prices}/coingecko",
    }


@contextmanager
def served(ports: Mapping[int, Chain], prices: str, price_ttl: int) -> Iterator[str]:
    """The URL of the local server, which reads the chains anew for each request."""
    port = free_port()
    variables = {
        **{f"RPC_URL_{chain.chain_id}": f"http://127.0.0.1:{each}" for each, chain in ports.items()},
        "CHAINS": ",".join(chain.slug for chain in ports.values()),
        "STORE": "sqlite::memory:",
        "BALANCE_TTL_SECONDS": "0",
        "PRICE_TTL_SECONDS": str(price_ttl),
        "LOG_LEVEL": "ERROR",
        **price_urls(prices),
    }
    with run_server(port, variables):
        yield f"http://127.0.0.1:{port}"


def show_rounds(name: str, rounds: Sequence[Round]) -> None:
    """The medians, in milliseconds."""
    print(name)
    for each in fields(Round):
        median = statistics.median(getattr(one, each.name) for one in rounds)
        print(f"  {_SHOWN[each.name]:<30}{median * 1000:9.2f} ms")


def _median(ratios: Iterable[float]) -> float:
    return statistics.median(list(ratios))


def main() -> int:
    """Print the figures; 1 when a goal is missed."""
    chains = [chain for chain in load_chains().enabled() if chain.runs_init_code][:_CHAINS]
    with ExitStack() as stack:
        nodes = [stack.enter_context(run_anvil(chain.chain_id)) for chain in chains]
        for node, chain in zip(nodes, chains, strict=True):
            place(node, chain)
        relayed = stack.enter_context(relays([node.port for node in nodes], _LATENCY))
        prices = stack.enter_context(run_price_server(coins()))
        ports = dict(zip(relayed, chains, strict=True))
        apis = Settings.from_env({"STORE": "sqlite::memory:", **price_urls(prices.url)}).price_apis
        rounds = []
        for price_ttl in (0, _PRICE_TTL):
            with served(ports, prices.url, price_ttl) as url:
                rounds.append(uvloop.run(measure(ports, url, apis)))
    tokens = sum(len(scanned(chain)) for chain in chains)
    print(f"{len(chains)} chains with {tokens:,} tokens, every node {_LATENCY * 1000:.0f} ms away")
    cold, warm = rounds
    show_rounds("every price asked for anew", cold)
    show_rounds("prices at most a minute old, as by default", warm)
    first, last = _median(r.first / r.trip for r in warm), _median(r.last / r.read for r in warm)
    floor = _median(r.together / r.read for r in warm)
    looked_up = _median(r.last / (r.read + r.lookup) for r in cold)
    print(f"{floor:9.2f} times the slowest chain's own read: the reads of all chains, sharing one core")
    return show(
        [
            Goal("round trips of the fastest chain until the first event", first, at_most=1.6),
            Goal("times the slowest chain's own read until the last", last, at_most=1.3),
            Goal(
                "times a read and a price lookup until the last, with no price known", looked_up, at_most=1.3
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
