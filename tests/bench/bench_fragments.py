"""Merging: 100,000 fragments in no order, many of the same key, and how it scales.

CPU seconds of one merge, the median of its turns. Making the fragments does not count, and they are not the
cycle collector's to look through. The state that comes out is checked against the newest of each key, found
by sorting. How it scales is measured from there on, because fewer fit into the processor's caches.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from shared.core.balances import Block
from shared.core.fragments import Fragment, FragmentBalance, Fragments, merge
from shared.core.ids import Address, AssetId
from tests.bench.goals import Goal, show

FRAGMENTS = 100_000
TIMES_AS_MANY = 4
TURNS = 7
_READS_OF_A_KEY = 20
_CHAINS = ("ethereum", "base", "arbitrum", "optimism", "polygon")
_START = datetime(2026, 11, 21, tzinfo=UTC)


def fragments(number: int) -> list[Fragment]:
    """Reads of wallets on five chains over some time, shuffled; each holds up to six assets."""
    random = Random(1)
    held = [_balances(random) for _ in range(1000)]
    keys = number // _READS_OF_A_KEY
    made = [_fragment(at, keys, random.choice(held)) for at in range(number)]
    random.shuffle(made)
    return made


def _balances(random: Random) -> tuple[FragmentBalance, ...]:
    return tuple(
        FragmentBalance(
            AssetId(f"eip155:1/erc20:0x{asset:040x}"), f"T{asset}", 18, random.getrandbits(70) + 1
        )
        for asset in range(random.randrange(7))
    )


def _fragment(at: int, keys: int, balances: tuple[FragmentBalance, ...]) -> Fragment:
    key = at % keys
    block = Block(at // keys, _START + timedelta(seconds=at))
    wallet = Address(f"0x{key // len(_CHAINS):040x}")
    return Fragment(wallet, _CHAINS[key % len(_CHAINS)], "wallet", block, balances, at + 1)


def seconds(given: Sequence[Fragment]) -> float:
    """What one merge takes. Raises AssertionError when it leads to something else than it should."""
    taken = []
    gc.collect()
    gc.freeze()
    for _ in range(TURNS):
        started = time.process_time()
        known = merge({}, given)
        taken.append(time.process_time() - started)
    assert known == _newest(given)
    return statistics.median(taken)


def _newest(given: Sequence[Fragment]) -> Fragments:
    ordered = sorted(given, key=lambda each: (each.block.number, each.sequence))
    return {each.key: each for each in ordered}


def main() -> int:
    """Measure and compare."""
    few, many = seconds(fragments(FRAGMENTS)), seconds(fragments(FRAGMENTS * TIMES_AS_MANY))
    print(f"{FRAGMENTS:,} fragments merged in {few:.3f} s: {FRAGMENTS / few:,.0f} a second")
    return show([Goal(f"times as long for {TIMES_AS_MANY} times as many", many / few, at_most=6)])


if __name__ == "__main__":
    sys.exit(main())
