"""The store with 100,000 trades: insertion, the first page against the thousandth, reading it whole."""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.core.trades import Trade
from shared.store.codecs import position_of
from shared.store.opening import open_store
from shared.store.ports import Position, Store, TradeFilter
from tests.store.emulator import run_emulator
from tests.store.samples import ALICE, WALLET, Clock, trade, tx

TRADES = 100_000
PAGE = 50
FILTERS = {
    "all": TradeFilter(),
    "one of ten wallets": TradeFilter(wallet=WALLET),
    "side and status": TradeFilter(side="sell", status="pending"),
    "none matches": TradeFilter(status="failed"),
}


def chunks() -> Iterator[list[Trade]]:
    """The trades, made while they are taken."""
    for start in range(0, TRADES, 1000):
        yield [sample(number) for number in range(start, start + 1000)]


def sample(number: int) -> Trade:
    return trade(
        number,
        side="sell" if number % 2 else "buy",
        status="pending" if number % 100 == 1 else "confirmed",
        wallet=WALLET if number % 10 == 0 else None,
        tx_hash=tx(number),
        chain="base",
    )


async def measure(store: Store, rounds: int) -> list[float]:
    """Print what one store takes; the ratio of the thousandth page to the first, per order."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    await store.imports.import_trades(ALICE, chunks())
    took = time.perf_counter() - started
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"  import {TRADES:,} trades: {took:.1f} s, {TRADES / took:,.0f}/s, peak memory +{grown:.0f} MB")
    bulk = [trade(TRADES + number, tx_hash=tx(TRADES + number), chain="base") for number in range(500)]
    started = time.perf_counter()
    await store.trades.add_trades(ALICE, bulk)
    print(f"  add 500 trades: {(time.perf_counter() - started) * 1000:.0f} ms")
    ratios = [await compare_pages(store, name, rounds) for name in ("desc", "asc")]
    for name, where in FILTERS.items():
        median = await timed(lambda where=where: store.trades.page_trades(ALICE, where, limit=PAGE))  # type: ignore[misc]
        print(f"  page of {name}: {median * 1000:.2f} ms")
    started = time.perf_counter()
    count = 0
    async for chunk in store.log.read_trades(ALICE):
        count += len(chunk)
        if count >= rounds * 2500:
            break
    print(f"  read the first {count:,}: {time.perf_counter() - started:.1f} s")
    return ratios


async def compare_pages(store: Store, order: str, rounds: int) -> float:
    """Page 1 and page 1,000 in turn, so that both meet the same disturbances."""
    depth = 999 * PAGE
    number = depth if order == "asc" else TRADES - depth
    deep = position_of(sample(number))
    times: dict[Position | None, list[float]] = {None: [], deep: []}
    for _ in range(rounds):
        for after, taken in times.items():
            started = time.perf_counter()
            page = await store.trades.page_trades(
                ALICE, TradeFilter(), order="asc" if order == "asc" else "desc", after=after, limit=PAGE
            )
            taken.append(time.perf_counter() - started)
            assert len(page.rows) == PAGE
    first, thousandth = (statistics.median(taken) * 1000 for taken in times.values())
    print(f"  {order}: page 1 {first:.2f} ms, page 1,000 {thousandth:.2f} ms, ×{thousandth / first:.2f}")
    return thousandth / first


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """The median of a few runs, in seconds."""
    taken = []
    for _ in range(5):
        started = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


async def run(name: str, rounds: int) -> list[float]:
    store = open_store(name, "demo-bench", Clock())
    try:
        return await measure(store, rounds)
    finally:
        await store.close()


def main() -> int:
    """Run both stores; the exit code tells whether deep pages cost more than a fifth above the first."""
    with TemporaryDirectory() as folder:
        print("SQLite")
        ratios = asyncio.run(run(f"sqlite:{Path(folder, 'store.db')}", rounds=40))
    with run_emulator() as address:
        os.environ["FIRESTORE_EMULATOR_HOST"] = address
        print("Firestore emulator (it has no indexes: every query looks at every document)")
        ratios += asyncio.run(run("firestore", rounds=6))
    return int(max(ratios) > 1.2)


if __name__ == "__main__":
    sys.exit(main())
