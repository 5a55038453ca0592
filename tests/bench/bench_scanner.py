"""The scanner: 1,000 tokens of one wallet, a tenth of them held, against an empty request and named peers."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvloop

from shared.chain import abi
from shared.chain.ways import Way
from shared.core.ids import Address
from tests.bench.goals import Goal, show
from tests.chain.rpc_proxy import Asked, Reply, RpcProxy
from tests.chain.setting import WALLET, chain_for, client_of, nth_address
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.tokens import MULTICALL3, place_multicall3

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TOKENS = 1000
LATENCIES = (0.0, 0.05)
_RUNS = 5  # of a process: the first are cold, as after every start of a function
_ROUNDS = 7
_WITHIN = 30.0

# Whatever it is asked, it returns the storage slot that the first argument names.
_BARE_TOKEN = "0x6004355460005260206000f3"

PEERS = {
    "viem multicall": ["node", str(HERE / "peers" / "viem_multicall.mjs")],
    "PyPI multicall": [
        str(ROOT / ".venv-bench" / "bin" / "python"),
        str(HERE / "peers" / "pypi_multicall.py"),
    ],
}


@contextmanager
def relays(ports: Sequence[int], delay: float) -> Iterator[list[int]]:
    """Ports that lead to the nodes, `delay` seconds away; without delay the nodes' own."""
    if not delay:
        yield list(ports)
        return
    command = [sys.executable, "-m", "tests.bench.delay_relay", str(delay), *map(str, ports)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield [int(process.stdout.readline()) for _ in ports]
    finally:
        process.terminate()
        process.wait(timeout=10)


async def timed(run: Callable[[], Awaitable[object]]) -> list[float]:
    seconds = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        await run()
        seconds.append(time.perf_counter() - start)
    return seconds


async def time_scanner(url: str, tokens: tuple[Address, ...]) -> list[float]:
    async with client_of(chain_for(), url) as client:
        return await timed(lambda: client.read_balances([WALLET], tokens, within=_WITHIN))


async def time_empty_request(url: str) -> list[float]:
    async with client_of(chain_for(), url) as client:
        transport = client._transport
        return await timed(lambda: transport.request("eth_chainId", [], within=_WITHIN))


def time_peer(name: str, url: str, tokens: tuple[Address, ...]) -> list[float]:
    asked = {"url": url, "multicall": MULTICALL3, "wallet": WALLET, "tokens": tokens, "runs": _RUNS}
    done = subprocess.run(PEERS[name], input=json.dumps(asked), capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["held"] == TOKENS // 10
    return [float(each) for each in answer["seconds"]]


def time_all(url: str, tokens: tuple[Address, ...]) -> dict[str, list[float]]:
    """The median of each round in seconds; they take turns, so that a slow moment meets them all."""
    seconds: dict[str, list[float]] = {}
    for _ in range(_ROUNDS):
        ours = {
            "empty request": uvloop.run(time_empty_request(url)),
            "scanner": uvloop.run(time_scanner(url, tokens)),
        }
        for name, each in {**ours, **{name: time_peer(name, url, tokens) for name in PEERS}}.items():
            seconds.setdefault(name, []).append(statistics.median(each))
    return seconds


def ratio(seconds: dict[str, list[float]], name: str, to: str) -> float:
    """The median over the rounds: each compares what was measured at nearly the same moment."""
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[to], strict=True))


async def count_bytes(url: str, way: Way, tokens: tuple[Address, ...]) -> tuple[int, int, int, int]:
    """Of a read on a known endpoint: requests, bytes sent, received; and the requests of the first read."""
    received: list[int] = []

    async def weigh(node: RpcProxy, asked: Asked) -> Reply | None:
        reply = await node.answered(asked)
        received.append(len(reply.body))
        return reply

    async with RpcProxy(upstream=url) as node, client_of(chain_for(way), node.url) as client:
        node.behave(then=weigh)
        await client.read_balances([WALLET], tokens, within=_WITHIN)
        first = len(node.requests)
        await client.read_balances([WALLET], tokens, within=_WITHIN)
    sent = sum(len(asked.body) for asked in node.requests[first:])
    return len(received) - first, sent, sum(received[first:]), first


def place_bare_tokens(anvil: Anvil) -> tuple[Address, ...]:
    """The smallest contracts that have balances, so that what is timed is the asking and not the tokens."""
    tokens = tuple(nth_address(i) for i in range(TOKENS))
    slot = "0x" + abi.address(WALLET).hex()
    anvil.batch([("anvil_setCode", [token, _BARE_TOKEN]) for token in tokens])
    held = {token: 10**18 + i for i, token in enumerate(tokens) if i % 10 == 0}
    anvil.batch([("anvil_setStorageAt", [token, slot, f"0x{raw:064x}"]) for token, raw in held.items()])
    return tokens


def traffic_goals(url: str, tokens: tuple[Address, ...]) -> list[Goal]:
    requests, sent, received, first = uvloop.run(count_bytes(url, Way.INIT_CODE, tokens))
    *_, by_aggregate3, _ = uvloop.run(count_bytes(url, Way.MULTICALL, tokens))
    print(f"{requests} request, {sent:,} bytes sent, {received:,} received (aggregate3: {by_aggregate3:,})")
    return [
        Goal("requests on first contact", first, at_most=2),
        Goal("requests from then on", requests, at_most=1),
        Goal("bytes sent a token", sent / TOKENS, at_most=45),
        Goal("times fewer received than aggregate3", by_aggregate3 / received, at_least=20),
    ]


def speed_goals(latency: float, seconds: dict[str, list[float]]) -> list[Goal]:
    print(f"with {latency * 1000:.0f} ms of latency added")
    for name, each in seconds.items():
        print(f"  {name:<16}{statistics.median(each) * 1000:9.2f} ms")
    over_viem = ratio(seconds, "viem multicall", "scanner")
    if latency:
        return [
            Goal("times an empty request", ratio(seconds, "scanner", "empty request"), at_most=1.15),
            Goal("times as fast as viem multicall, 50 ms away", over_viem, at_least=2.3),
        ]
    return [
        Goal("times as fast as viem multicall", over_viem, at_least=12),
        Goal("times as fast as PyPI multicall", ratio(seconds, "PyPI multicall", "scanner"), at_least=6),
    ]


def main() -> int:
    """Print the figures; 1 when one misses its goal."""
    goals: list[Goal] = []
    with run_anvil(1) as anvil:
        place_multicall3(anvil)
        tokens = place_bare_tokens(anvil)
        anvil.mine()
        goals += traffic_goals(anvil.url, tokens)
        for latency in LATENCIES:
            with relays([anvil.port], latency) as [port]:
                goals += speed_goals(latency, time_all(f"http://127.0.0.1:{port}", tokens))
    return show(goals)


if __name__ == "__main__":
    sys.exit(main())
