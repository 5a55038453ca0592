"""`make load`: a deployed function's own server, on this machine, at a fixed rate of arrivals for a minute.

It answers from its caches. First its saturation is found, then 60 % of that is let arrive. The goals: p99
under 50 ms, no errors, memory flat (under 10 % and 10 MB more at the end than after the first third).
"""

from __future__ import annotations

import argparse
import gc
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from tests.bench.bench_serving import PATH, devnet
from tests.bench.load import measure
from tests.functions.bundle import make_bundle, serve_bundle
from tests.load.arrivals import Arrivals, Outcome

# The server is measured, not the local chain, which would share its processor with each new read.
_CACHED = {"BALANCE_TTL_SECONDS": "600", "PRICE_TTL_SECONDS": "600"}
_SHARE = 0.6
_CONNECTIONS = 64
_MOST_MS = 50.0
_MOST_GROWTH = 1.10
_MOST_MEGABYTES = 10.0


def main() -> int:
    """Print the figures; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="make load")
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds: float = parser.parse_args().seconds
    with devnet() as variables, TemporaryDirectory() as folder:
        bundle = make_bundle("portfolio", Path(folder))
        with serve_bundle(bundle, "portfolio", variables | _CACHED, path=PATH) as port:
            uvloop.run(measure(port, PATH, connections=_CONNECTIONS, seconds=2))
            most = uvloop.run(measure(port, PATH, connections=_CONNECTIONS, seconds=5))
            outcome, memory = _arrive(port, most.rate * _SHARE, seconds)
    print(f"saturation    {most.rate:9,.0f} requests/s on {_CONNECTIONS} connections, p99 {most.p99:.1f} ms")
    print(f"arrivals      {most.rate * _SHARE:9,.0f} requests/s for {seconds:.0f} s, {_SHARE:.0%} of that")
    return _tell(outcome, memory)


def _arrive(port: int, rate: float, seconds: float) -> tuple[Outcome, tuple[float, float]]:
    """What came of it, and the server's megabytes after the first third and at the end."""
    early: list[float] = []
    looking = threading.Timer(seconds / 3, lambda: early.append(resident_megabytes(port)))
    looking.start()
    outcome = uvloop.run(_run(port, rate, seconds))
    looking.join()
    return outcome, (early[0], resident_megabytes(port))


async def _run(port: int, rate: float, seconds: float) -> Outcome:
    gc.disable()  # a pause of whoever asks would be charged to the server
    return await Arrivals(port, PATH, rate=rate, connections=_CONNECTIONS).run(seconds)


def _tell(outcome: Outcome, memory: tuple[float, float]) -> int:
    p50, p99, worst = (outcome.percentile(share) for share in (0.5, 0.99, 1))
    early, late = memory
    grown = late - early
    print(f"latency       p50 {p50:.2f} ms, p99 {p99:.2f} ms (goal: {_MOST_MS:.0f}), longest {worst:.1f} ms")
    print(f"errors        {outcome.errors} of {len(outcome.latencies):,} (goal: 0)")
    print(f"memory        {early:.1f} MB, at the end {late:.1f} MB (goal: flat)")
    is_flat = late <= early * _MOST_GROWTH and grown <= _MOST_MEGABYTES
    return int(p99 >= _MOST_MS or outcome.errors > 0 or not is_flat)


def resident_megabytes(port: int) -> float:
    """The memory of the processes that were started for the port, the pages that they share counted once."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            rollup = (process / "smaps_rollup").read_text()
        except OSError:
            continue  # it ended meanwhile, or is not ours
        if f"PORT={port}".encode() in variables:
            total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


if __name__ == "__main__":
    sys.exit(main())
