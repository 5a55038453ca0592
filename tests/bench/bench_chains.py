"""Twenty chains at once, each a node of its own with its shipped token list, against the slowest alone."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack

import uvloop

from shared.chain.client import ChainClient
from shared.chain.clients import ChainClients
from shared.core.chains import Chain
from shared.core.ids import Address
from shared.facts import load_chains, load_tokens
from tests.bench.bench_scanner import relays
from tests.bench.goals import Goal, show
from tests.chain.setting import WALLET
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.tokens import Erc20, mint, place_tokens

_CHAINS = 20
_LATENCY = 0.05
_ROUNDS = 15
_HELD_EVERY = 10


def listed(chain: Chain) -> tuple[Address, ...]:
    """The contracts on a chain's token list."""
    return tuple(token.address for token in load_tokens(chain.chain_id) if token.address is not None)


def place_list(anvil: Anvil, chain: Chain) -> None:
    """The chain's whole token list as contracts, of which the wallet holds a tenth."""
    addresses = listed(chain)
    place_tokens(anvil, *(Erc20(address, "T", "Token") for address in addresses))
    mint(anvil, {(address, WALLET): 10**18 for address in addresses[::_HELD_EVERY]})
    anvil.mine()


async def seconds_of(clients: Sequence[ChainClient]) -> float:
    """How long it takes until all of them have read their chain."""
    start = time.perf_counter()
    await asyncio.gather(*(c.read_balances([WALLET], listed(c.chain), within=30) for c in clients))
    return time.perf_counter() - start


async def compare(chains: dict[int, Chain]) -> tuple[float, float, str]:
    """Medians: all at once, and the slowest chain alone, by name. The two take turns."""
    async with AsyncExitStack() as stack:
        opened = ChainClients({chain.chain_id: (f"http://127.0.0.1:{p}",) for p, chain in chains.items()})
        stack.push_async_callback(opened.close)
        clients = [opened.client(chain) for chain in chains.values()]
        await seconds_of(clients)  # first contact
        together: list[float] = []
        alone: dict[str, list[float]] = {}
        for _ in range(_ROUNDS):
            together.append(await seconds_of(clients))
            for client in clients:
                alone.setdefault(client.chain.slug, []).append(await seconds_of([client]))
    slowest = max(alone, key=lambda slug: statistics.median(alone[slug]))
    return statistics.median(together), statistics.median(alone[slowest]), slowest


def main() -> int:
    """Print the figures; 1 when the goal is missed."""
    chains = [chain for chain in load_chains().enabled() if chain.runs_init_code][:_CHAINS]
    with ExitStack() as stack:
        nodes = {chain.slug: stack.enter_context(run_anvil(chain.chain_id)) for chain in chains}
        for chain in chains:
            place_list(nodes[chain.slug], chain)
        ports = stack.enter_context(relays([nodes[chain.slug].port for chain in chains], _LATENCY))
        together, slowest, name = uvloop.run(compare(dict(zip(ports, chains, strict=True))))
    tokens = sum(len(listed(chain)) for chain in chains)
    print(f"{len(chains)} chains with {tokens:,} tokens, every node {_LATENCY * 1000:.0f} ms away")
    print(f"  {'all at once':<24}{together * 1000:9.2f} ms")
    print(f"  {f'slowest alone: {name}':<24}{slowest * 1000:9.2f} ms")
    return show([Goal("times the slowest chain alone", together / slowest, at_most=1.5)])


if __name__ == "__main__":
    sys.exit(main())
