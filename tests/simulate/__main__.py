"""`make simulate`: what a snapshot run takes and costs, played on a virtual clock.

`.venv/bin/python -m tests.simulate USERS… --wallets 2 --chains 8 --instances 1 10 100`.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from textwrap import fill

from tests.simulate.facts import EdgeFacts, load_edges, load_prices
from tests.simulate.figures import Figures, bend, carried_on, played_figures
from tests.simulate.market import CHANGED_ONE_IN, Crowd
from tests.simulate.table import notes, table_lines

PLAYED_AT_MOST = 100_000
SMALL = 10_000
"""Beside the largest played run: the line through both goes on to the runs that are not played."""


class Simulation:
    """Runs of different crowds, each played once."""

    def __init__(self, wallets: int, chains: int, instances: Sequence[int], facts: EdgeFacts) -> None:
        self._wallets = wallets
        self._chains = chains
        self._instances = instances
        self._facts = facts
        self._known: dict[int, Figures] = {}

    def figures(self, users: int) -> Figures:
        """Played, or scaled when there are too many users."""
        if users > PLAYED_AT_MOST:
            return carried_on(self.figures(SMALL), self.figures(PLAYED_AT_MOST), users)
        if users not in self._known:
            print(f"playing a run for {users:,} users …", file=sys.stderr, flush=True)
            crowd = Crowd(users, self._wallets)
            self._known[users] = played_figures(crowd, self._chains, self._instances, self._facts)
        return self._known[users]

    def line(self) -> tuple[int, int, float]:
        """Which runs others are scaled from, and how far they are from a line through nothing."""
        bent = bend(self.figures(SMALL), self.figures(PLAYED_AT_MOST), ("messages", "rpc", "read", "write"))
        return SMALL, PLAYED_AT_MOST, bent


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    asked = _parser().parse_args(arguments)
    gc.disable()  # what is made here holds no cycles, and there is very much of it
    facts, table = load_edges(), load_prices()
    simulation = Simulation(asked.wallets, asked.chains, sorted(asked.instances), facts)
    columns = [simulation.figures(users) for users in asked.users]
    print(f"A run for all users, {asked.wallets} wallets each, on {asked.chains} chains;")
    print(f"of the balances there are, one in {CHANGED_ONE_IN} changed since the run before.\n")
    for row in table_lines(columns, facts, table):
        print(row)
    print()
    line = simulation.line() if any(figures.scaled for figures in columns) else None
    for note in notes(columns, facts, table, line):
        print(fill(note, 80, subsequent_indent="  "))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=".venv/bin/python -m tests.simulate")
    parser.add_argument("users", nargs="+", type=_whole, help="how many users; up to three numbers fit")
    parser.add_argument("--wallets", type=_whole, default=2, help="of each user")
    parser.add_argument("--chains", type=_whole, default=8, help="the first so many of the enabled ones")
    parser.add_argument("--instances", type=_whole, nargs="+", default=[1, 10, 100])
    return parser


def _whole(text: str) -> int:
    number = int(text.replace(",", "").replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
