"""The ledger: 100,000 random buys and sales against rp2 and a bare loop over integers, and how it scales.

CPU seconds of one pass, each in a process of its own; the three take turns, and the median of their turns
counts. Building counts: Trades for us, tuples of integers for the bare loop, transactions for rp2, all from
the same decimals. The cycle collector is set alike for all: once as Python starts with it, once off. What was
there before is frozen, and what a pass leaves for the collector is paid within it. (Settling pauses it while
it works; that is part of how it works.) The bare loop and we list the parts of each sale with their costs;
the bare loop adds them up to a gain, too, which we and rp2 do when asked for it.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

from shared.core.checkpoints import resume, take_checkpoint
from shared.core.ids import AssetId
from shared.core.ledger import Accounting, Ledger
from shared.core.methods import METHODS, Method
from shared.core.pnl import profit_and_loss
from shared.core.settlement import keep, plan_of, settle
from shared.core.trades import Trade, trades_of
from tests.bench.goals import Goal, show

ROOT = Path(__file__).parents[2]
ORACLE = ROOT / "tests" / "core" / "rp2_oracle.py"
TRADES = 100_000
MOST = 1_000_000
LENGTHS = (1_000, 10_000, 1_000_000)
_ETH = AssetId("ETH")
_RAW = 18
Kept = TypeVar("Kept")


class Row(NamedTuple):
    """One trade as it would be read from somewhere."""

    id: str
    side: str
    amount: Decimal
    total: Decimal
    at: datetime


def rows(count: int, history: int | None = None) -> list[Row]:
    """Buys and sales in turn by chance, never of more than is held; each `history` can stand by itself."""
    random, held, at, made = Random(1), 0, datetime(2009, 2, 1, tzinfo=UTC), []
    for number in range(count):
        at += timedelta(minutes=5)
        held = held if number % (history or count) else 0
        quantity = random.randint(1, 10**8)
        sells = held >= quantity and random.random() < 0.5
        held += -quantity if sells else quantity
        total = Decimal(random.randint(100, 10**7)).scaleb(-2)
        made.append(Row(str(number), "sell" if sells else "buy", Decimal(quantity).scaleb(-8), total, at))
    return made


def build(made: list[Row]) -> list[Trade]:
    """Our trades, as a store makes them: from rows that have every field in its place."""
    return trades_of(
        (
            trade_id,
            "user",
            side,
            _ETH,
            "ETH",
            amount,
            "token",
            None,
            total,
            None,
            None,
            None,
            None,
            "confirmed",
            at,
            at,
            "api",
            "",
            None,
            None,
            None,
            (),
            None,
            None,
            None,
        )
        for trade_id, side, amount, total, at in made
    )


def bare_build(made: list[Row]) -> list[tuple[bool, int, int]]:
    """Raw quantities and costs, as integers at 18 decimals."""
    return [(row.side == "buy", int(row.amount.scaleb(_RAW)), int(row.total.scaleb(_RAW))) for row in made]


def bare_match(events: list[tuple[bool, int, int]]) -> list[tuple[int, int, int, list[tuple[int, int]]]]:
    """FIFO and nothing else: for each sale, quantity, cost, gain and the parts taken."""
    lots: deque[list[int]] = deque()
    sales = []
    for buys, quantity, total in events:
        if buys:
            lots.append([quantity, total])
            continue
        wanted, cost, parts = quantity, 0, []
        while wanted:
            lot = lots[0]
            if lot[0] > wanted:
                part = lot[1] * wanted // lot[0]
                lot[0] -= wanted
                lot[1] -= part
                parts.append((wanted, part))
                cost += part
                break
            wanted -= lot[0]
            cost += lot[1]
            parts.append((lot[0], lot[1]))
            lots.popleft()
        sales.append((quantity, cost, total - cost, parts))
    return sales


def taken(run: Callable[[], Kept]) -> tuple[float, Kept]:
    """CPU seconds of one pass, with what it leaves for the collector; and what came of it."""
    began = time.process_time()
    kept = run()
    if gc.isenabled():
        gc.collect(0)
    return time.process_time() - began, kept


def least(rounds: int, run: Callable[[], object]) -> float:
    """CPU seconds of the quickest of a few passes."""
    return min(taken(run)[0] for _ in range(rounds))


def measure(what: str) -> dict[str, float]:
    """What one process is asked to time."""
    if what.startswith("scale"):
        return measure_scale(method_named(what.split()[1]))
    made = rows(TRADES)
    if what == "append":
        return measure_append(build(made))
    gc.freeze()
    if what == "bare":
        build_took, events = taken(lambda: bare_build(made))
        return {"build": build_took, "match": taken(lambda: bare_match(events))[0]}
    rules = Accounting(method=method_named(what))
    build_took, trades = taken(lambda: build(made))
    return {"build": build_took, "match": taken(lambda: settle(trades, rules))[0]}


def measure_scale(method: Method) -> dict[str, float]:
    """Microseconds a trade for the same million trades, cut into histories of different lengths, all kept."""
    trades, rules = build(rows(MOST, min(LENGTHS))), Accounting(method=method)
    gc.freeze()
    times: dict[int, list[float]] = {length: [] for length in LENGTHS}
    for _ in range(3):
        for length in LENGTHS:
            histories = [trades[at : at + length] for at in range(0, MOST, length)]
            times[length].append(taken(partial(settle_all, histories, rules))[0])
    return {str(length): statistics.median(each) / MOST * 1e6 for length, each in times.items()}


def settle_all(histories: list[list[Trade]], rules: Accounting) -> list[Ledger]:
    """The ledgers of many histories, one after the other."""
    return [settle(trades, rules) for trades in histories]


def method_named(name: str) -> Method:
    """The method of a name that may be none."""
    methods: dict[str, Method] = {each: each for each in METHODS}
    return methods[name]


def measure_append(trades: list[Trade]) -> dict[str, float]:
    """One more trade: by replaying everything, and from a checkpoint; both up to the answer."""
    rules, prices = Accounting(), {_ETH: Decimal(100)}
    checkpoint = take_checkpoint(trades, rules)
    assert checkpoint is not None
    last = trades[-1]._replace(id="new", executed_at=checkpoint.boundary + timedelta(seconds=1))

    def replay() -> object:
        return profit_and_loss(settle([*trades, last], rules), prices)

    def carry_on() -> object:
        ledger = keep(plan_of([last], rules), resume(checkpoint, rules))
        return profit_and_loss(ledger, prices, before=checkpoint.tallies)

    assert replay() == carry_on()
    return {"replay": least(3, replay), "append": least(7, carry_on)}


def ask(what: str, *, collector: bool = True) -> dict[str, float]:
    """A measurement in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_ledger", what, "on" if collector else "off"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    times: dict[str, float] = json.loads(run.stdout)
    return times


def ask_rp2(*, collector: bool) -> dict[str, float]:
    """The same trades through rp2."""
    history = [
        {
            "side": row.side,
            "amount": str(row.amount),
            "total_usd": str(row.total),
            "fee_usd": "0",
            "executed_at": row.at.isoformat(),
        }
        for row in rows(TRADES)
    ]
    asked = {"histories": [history], "methods": ["fifo"], "gains": False, "collector": collector}
    with TemporaryDirectory() as folder:
        command = [sys.executable, str(ORACLE)]
        question = json.dumps(asked)
        run = subprocess.run(command, input=question, cwd=folder, capture_output=True, text=True, check=True)
    times: dict[str, float] = json.loads(run.stdout)["took"]
    return {"build": times["build"], "match": times["fifo"]}


def take_turns(rounds: int, *, collector: bool) -> dict[str, dict[str, float]]:
    """The medians of the bare loop, ours and rp2, in turn; rp2 takes its time, and has fewer turns."""
    askers: dict[str, Callable[[], dict[str, float]]] = {
        "bare": partial(ask, "bare", collector=collector),
        "ours": partial(ask, "fifo", collector=collector),
        "rp2": partial(ask_rp2, collector=collector),
    }
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in askers}
    for name in ("bare", "ours", "bare", "ours", "rp2") * rounds:
        turns[name].append(askers[name]())
    return {
        name: {step: statistics.median(turn[step] for turn in own) for step in ("build", "match")}
        for name, own in turns.items()
    }


def line(name: str, times: dict[str, float]) -> None:
    """Print one row."""
    each = times["match"] / TRADES * 1e6
    print(f"{name:<24}build {times['build']:7.3f} s   match {times['match']:7.3f} s   {each:6.2f} µs a trade")


def compare(rounds: int, *, collector: bool) -> list[Goal]:
    """Ours beside the two others; the goals are for Python as it starts, with its collector on."""
    state = "on" if collector else "off"
    print(f"{TRADES:,} trades, FIFO, CPU seconds, the collector {state}")
    times = take_turns(rounds, collector=collector)
    for name, each in times.items():
        line(name, each)
    whole = {name: sum(each.values()) for name, each in times.items()}
    goals = [
        Goal("× as fast as rp2, build and match", whole["rp2"] / whole["ours"], at_least=60),
        Goal("× a bare loop, build and match", whole["ours"] / whole["bare"], at_most=3),
        Goal("× a bare loop, match alone", times["ours"]["match"] / times["bare"]["match"], at_most=3),
    ]
    if collector:
        return goals
    print(", ".join(f"{goal.figure:.2f} {goal.name}" for goal in goals))
    return []


def scale(method: Method, at_most: float) -> Goal:
    """How the time per trade grows with the length of a history, the collector off."""
    times = ask(f"scale {method}", collector=False)
    shown = ", ".join(f"{int(length):,}: {each:.2f}" for length, each in times.items())
    print(f"{MOST:,} trades by {method.upper()}, µs a trade in histories of {shown}")
    growth = times[str(max(LENGTHS))] / times[str(min(LENGTHS))]
    return Goal(f"× the time per trade, {method.upper()}, 1,000,000 over 1,000", growth, at_most=at_most)


def main() -> int:
    """Print times and ratios; 1 when a goal is missed."""
    goals = compare(3, collector=True) + compare(1, collector=False)
    for method in METHODS[1:]:
        line(f"ours, {method.upper()}", ask(method))
    goals += [scale("fifo", at_most=1.3), scale("hifo", at_most=2)]  # log n: 2
    appended = ask("append")
    replayed, carried_on = appended["replay"], appended["append"]
    print(f"one more trade: replayed {replayed:.3f} s, from a checkpoint {carried_on:.5f} s")
    name = "× as fast to add one trade to a checkpoint as to replay"
    return show([*goals, Goal(name, replayed / carried_on, at_least=100)])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        if sys.argv[2] == "off":
            gc.disable()
        print(json.dumps(measure(sys.argv[1])))
    else:
        sys.exit(main())
