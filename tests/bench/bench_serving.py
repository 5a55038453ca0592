"""Serving: a warm portfolio against hello-world, both on the framework's production server."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from tests.bench.load import Measured, measure
from tests.devnet.anvil import run_anvil
from tests.devnet.demo_prices import coins, run_price_server
from tests.devnet.tokens import place_multicall3
from tests.functions.bundle import make_bundle, make_hello, serve_bundle
from tests.functions.questions import WALLET

PATH = f"/api/v1/portfolio?address={WALLET}"
_CONNECTIONS = 64
_SECONDS = 3.0
_ROUNDS = 5
_LEAST = 0.5


@contextmanager
def devnet() -> Iterator[dict[str, str]]:
    """The settings of a function that reads one local chain, with prices."""
    with run_anvil(1) as anvil, run_price_server(coins()) as prices:
        place_multicall3(anvil)
        anvil.set_balance(WALLET, 12 * 10**17)
        yield {
            "CHAINS": "ethereum",
            "RPC_URL_1": anvil.url,
            "BACKED_BASE_URL": f"{prices.url}/backed",
            "LLAMA_BASE_URL": f"{prices.url}/llama",
            "COINGECKO_BASE_URL": f"{prices.url}/coingecko",
        }


@contextmanager
def _servers() -> Iterator[tuple[int, int]]:
    """The ports of hello-world and of the portfolio function."""
    with devnet() as variables, TemporaryDirectory() as one, TemporaryDirectory() as other:
        hello, bundle = make_hello(Path(one)), make_bundle("portfolio", Path(other))
        with (
            serve_bundle(hello, "hello", {}) as hello_port,
            serve_bundle(bundle, "portfolio", variables, path=PATH) as port,
        ):
            yield hello_port, port


def _measure(port: int, path: str) -> Measured:
    return uvloop.run(measure(port, path, connections=_CONNECTIONS, seconds=_SECONDS))


def main() -> int:
    """Print the ratio; 1 when it is below the goal."""
    with _servers() as (hello_port, port):
        _measure(hello_port, "/"), _measure(port, PATH)
        rounds = [(_measure(hello_port, "/"), _measure(port, PATH)) for _ in range(_ROUNDS)]
    for number, name in enumerate(("hello-world", "warm portfolio")):
        runs = [pair[number] for pair in rounds]
        rate, p50, p99 = (statistics.median(getattr(r, of) for r in runs) for of in ("rate", "p50", "p99"))
        print(f"{name:<16}{rate:>9,.0f} requests/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
    ratio = statistics.median(ours.rate / hello.rate for hello, ours in rounds)
    print(f"{'ratio':<16}{ratio:9.2f} of hello-world on {_CONNECTIONS} connections (goal: at least {_LEAST})")
    return int(ratio < _LEAST)


if __name__ == "__main__":
    sys.exit(main())
