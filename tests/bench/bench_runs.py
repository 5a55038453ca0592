"""Snapshot runs of 1,000 wallets on eight local chains, kept in the Firestore emulator: counts and ratios.

Requests and documents are counted where they go out. The throughput is that of one worker process, its
nodes 50 ms away; groups of different sizes take turns, so that a slow moment meets them all.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

import uvloop

from shared.chain.clients import ChainClients
from shared.chain.counting import RPC_REQUESTS
from shared.core.chains import Chains
from shared.core.ids import ChainId
from shared.core.run_ids import run_id
from shared.core.run_messages import ReadPart, encode
from shared.core.runs import MAX_GROUP_WALLETS, Group, PlanPage, PlanTotals, Run
from shared.counts import Counts
from shared.facts import load_chains, load_tokens
from shared.services.runs_start import start_run
from tests.bench.bench_scanner import relays
from tests.bench.goals import Goal, show
from tests.bench.run_setting import CHAINS, Sources, chosen_chains, nodes, now, sources, wallet
from tests.devnet.anvil import Anvil
from tests.store.emulator import run_emulator

USERS = (100, 500)
"""The smaller and the larger run, whose difference is the slope."""
WALLETS = 2
LATENCY = 0.05
ROUNDS = 3
SIZES = {1: 24, 10: 16, 50: 12}
"""Wallets in a group, and how many groups are read in a round: one, some, as many as a group may have."""
_READS_TO_KNOW = 8
"""A node that bears what it is asked for is asked for twice as much the next time."""
_COUNTED = {
    "rpc": RPC_REQUESTS,
    "reads": "store_reads_total",
    "writes": "store_writes_total",
    "latest": "latest_writes_total",
}


@dataclass(frozen=True)
class Counted:
    """One run: what was planned, and how much of everything it took."""

    totals: PlanTotals
    took: Mapping[str, int]

    @property
    def own_writes(self) -> int:
        """Documents written for the run itself."""
        return self.took["writes"] - self.took["latest"]


@dataclass(frozen=True)
class Pace:
    """What one worker process does with groups of one size."""

    per_second: float
    """Wallets read, each on one chain."""
    cpu: float
    """Seconds of the worker's CPU for each of them."""


async def count_run(at: datetime, worker: Sources) -> Counted:
    """A run for all users, from its start to its end."""
    before = _counts(worker)
    run = await start_run(at, worker)
    await worker.bus.drained()
    took = {name: number - before[name] for name, number in _counts(worker).items()}
    ended = await worker.store.runs.get_run(run.id)
    assert ended is not None
    assert ended.finished_at is not None, "the run is not finished"
    assert ended.totals is not None
    assert not worker.bus.dead_letters
    return Counted(ended.totals, took)


def _counts(worker: Sources) -> dict[str, int]:
    return {name: worker.counts.total(counted) for name, counted in _COUNTED.items()}


async def count_runs(users: int, chains: Chains, running: Mapping[ChainId, Anvil]) -> tuple[Counted, Counted]:
    """The first run of all for so many users, and one for the same again when nothing has changed."""
    ports = {chain_id: node.port for chain_id, node in running.items()}
    async with sources(f"demo-runs-{users}", chains, ports) as worker:
        await worker.save_users(users, WALLETS)
        first = await count_run(now() - timedelta(minutes=9), worker)
        for node in running.values():
            node.mine()
        return first, await count_run(now(), worker)


async def count_long_list() -> int:
    """The requests for fifty wallets and Ethereum's whole list, to a node known to allow much gas."""
    chain = load_chains()[ChainId(1)]
    tokens = [token.address for token in load_tokens(chain.chain_id) if token.address is not None]
    wallets = [wallet(number) for number in range(MAX_GROUP_WALLETS)]
    with nodes(Chains([chain]), MAX_GROUP_WALLETS, "--gas-limit", "2000000000") as running:
        counts = Counts()
        urls = {int(chain.chain_id): (f"http://127.0.0.1:{running[chain.chain_id].port}",)}
        clients = ChainClients(urls, counts=counts)
        for _ in range(_READS_TO_KNOW):
            before = counts.total(RPC_REQUESTS)
            await clients.client(chain).read_balances(wallets, tokens, within=30)
        await clients.close()
    print(f"{len(wallets)} wallets × {len(tokens):,} tokens: {counts.total(RPC_REQUESTS) - before} request")
    return counts.total(RPC_REQUESTS) - before


async def measure(chains: Chains, ports: Mapping[ChainId, int]) -> dict[int, Pace]:
    """The median pace for each size of group."""
    async with sources("demo-runs-pace", chains, ports) as worker:
        await _pace(0, 50, 2, worker)
        found: dict[int, list[Pace]] = {size: [] for size in SIZES}
        for number, size in enumerate([*SIZES] * ROUNDS, start=1):
            found[size].append(await _pace(number, size, SIZES[size], worker))
    return {
        size: Pace(statistics.median(p.per_second for p in paces), statistics.median(p.cpu for p in paces))
        for size, paces in found.items()
    }


async def _pace(number: int, size: int, groups: int, worker: Sources) -> Pace:
    """Read groups of a size, each on all chains; the wallets have been there before, as in most runs."""
    run = await worker.store.runs.add_run(_run(number, worker.chains))
    plan = await worker.store.runs.add_page(run.id, PlanPage(0, tuple(_groups(size, groups, run)), "", True))
    messages = [
        encode(ReadPart(run.id, group.number, slug, wallets, len(group.reads)))
        for group in plan.groups
        for slug, wallets in group.reads[:CHAINS]
    ]
    started, cpu = time.perf_counter(), time.process_time()
    await worker.bus.publish("fetch-balances", messages)
    await worker.bus.drained()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    reads = size * len(messages)
    return Pace(reads / seconds, cpu / reads)


def _groups(size: int, groups: int, run: Run) -> Iterator[Group]:
    """Each has one part more than is read, so that nobody finishes."""
    for group in range(groups):
        members = tuple(wallet(group * size + number) for number in range(size))
        yield Group(group, tuple((slug, members) for slug in (*run.chains, "nowhere")), ())


def _run(number: int, chains: Chains) -> Run:
    """A run of which parts are read only."""
    at = now()
    named = run_id(at - timedelta(minutes=number))
    later = at + timedelta(hours=1)
    return Run(named, None, at, at, later, later, tuple(chain.slug for chain in chains))


def count_goals(long_list: int, small: Counted, large: Counted) -> list[Goal]:
    """Requests and documents of two runs, in which no balance changed, against what was planned."""
    snapshots = large.totals.users - small.totals.users
    parts = large.totals.parts - small.totals.parts
    slope = (large.own_writes - small.own_writes) / (snapshots + parts)
    beside = large.own_writes - large.totals.users - large.totals.parts
    fewest_groups = -(-large.totals.wallets // MAX_GROUP_WALLETS)
    latest = small.took["latest"] + large.took["latest"]
    return [
        Goal("requests to chains for a group on a chain", large.took["rpc"] / large.totals.parts, at_most=1),
        Goal("requests for a group and the longest list", long_list, at_most=1),
        Goal(
            "times as many groups as fifty wallets each make", large.totals.groups / fewest_groups, at_most=1
        ),
        Goal("documents written for each more snapshot or part", slope, at_most=1),
        Goal("documents written beside one for each of them", beside, at_most=6),
        Goal("latest balances written where nothing changed", latest, at_most=0),
    ]


def print_counts(name: str, counted: Counted) -> None:
    """What one run took."""
    totals, took = counted.totals, counted.took
    print(
        f"{totals.users} users, {totals.wallets:,} wallets × {CHAINS} chains, {name}: {totals.parts} parts, "
        f"{took['rpc']} requests,\n  {took['reads']:,} documents read, {counted.own_writes:,} written "
        f"and {took['latest']:,} latest balances"
    )


def pace_goals(paces: Mapping[int, Pace]) -> list[Goal]:
    """How the work for one wallet on one chain shrinks as groups grow."""
    print(f"one worker process, nodes {LATENCY * 1000:.0f} ms away, wallets each on one chain")
    for size, pace in paces.items():
        cpu = pace.cpu * 1e6
        print(f"  groups of {size:<3}{pace.per_second:9,.0f} a second {cpu:9,.0f} µs of CPU for each")
    one, some, most = paces.values()
    name = "times the throughput of one message for each wallet and chain"
    return [
        Goal("of the CPU of groups of 1, groups of 10", some.cpu / one.cpu, at_most=0.5),
        Goal("of the CPU of groups of 10, groups of 50", most.cpu / some.cpu, at_most=0.8),
        Goal(name, most.per_second / one.per_second, at_least=10),
    ]


def main() -> int:
    """Print the figures; 1 when one misses its goal."""
    logging.disable(logging.WARNING)
    chains = chosen_chains()
    with ExitStack() as stack:
        os.environ["FIRESTORE_EMULATOR_HOST"] = stack.enter_context(run_emulator())
        running = stack.enter_context(nodes(chains, USERS[-1] * WALLETS))
        steady = []
        for users in USERS:
            first, again = uvloop.run(count_runs(users, chains, running))
            print_counts("first run", first)
            print_counts("again", again)
            steady.append(again)
        long_list = uvloop.run(count_long_list())
        far = stack.enter_context(relays([node.port for node in running.values()], LATENCY))
        paces = uvloop.run(measure(chains, dict(zip(running, far, strict=True))))
    return show([*count_goals(long_list, *steady), *pace_goals(paces)])


if __name__ == "__main__":
    sys.exit(main())
