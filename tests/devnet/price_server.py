"""The demo's price server: made-up prices in the shapes of CoinMarketCap, Backed, DefiLlama and CoinGecko.

Nothing here is a market price. It serves `make demo`, the benches and the tests, which also make it fail.
Alone: `python -m tests.devnet.price_server --port 9000 --table coins.json`, where the table is a JSON list of
objects with the fields of `Coin`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from shared.config import PriceApis

from .price_apis import LABEL, Coin, Request, answer


@dataclass(frozen=True, slots=True)
class Fault:
    """What a route does in place of answering: another answer, silence (`hang`) or a cut connection."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False
    times: int = 1_000_000


class PriceServer:
    """One port, four APIs; start it with `async with`."""

    def __init__(self, coins: Iterable[Coin], *, now: Callable[[], float] = time.time) -> None:
        self.coins = list(coins)
        self.faults: dict[str, Fault] = {}
        self.requests: list[Request] = []
        self.url = ""
        self._now = now
        self._arrival = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self, port: int = 0) -> Self:
        """Listen on 127.0.0.1; port 0 takes a free one, which `url` tells."""
        self._server = await asyncio.start_server(self._connection, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def close(self) -> None:
        """Stop listening and cut what is open."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server is not None:  # waits for the connections too, from Python 3.12 on
            await self._server.wait_closed()

    def apis(self, *, cmc_key: str | None = None, coingecko_key: str | None = None) -> PriceApis:
        """The settings that point all sources here."""
        return PriceApis(
            coinmarketcap_url=f"{self.url}/cmc",
            coinmarketcap_key=cmc_key,
            backed_url=f"{self.url}/backed",
            llama_url=f"{self.url}/llama",
            coingecko_url=f"{self.url}/coingecko",
            coingecko_key=coingecko_key,
        )

    @property
    def counts(self) -> Counter[str]:
        """How often each route was asked."""
        return Counter(request.route for request in self.requests)

    async def heard(self, route: str, times: int) -> None:
        """Return once a route was asked so often."""
        while self.counts[route] < times:
            self._arrival.clear()
            await self._arrival.wait()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while head := await _read_head(reader):
                if not await self._answer(head, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass  # the caller is gone, or the server is closing
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> bool:
        """Write one answer; False when the connection is to be cut."""
        request = _request(head)
        self.requests.append(request)
        self._arrival.set()
        fault = self._fault(request.route)
        if fault is not None and fault.hang:
            await asyncio.Event().wait()
        if fault is not None and fault.cut:
            return False
        if fault is not None:
            status, body, extra = fault.status, fault.body, fault.headers
        else:
            status, body = answer(self.coins, request, self._now())
            extra = {}
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Date": formatdate(self._now(), usegmt=True),
            "X-Demo": LABEL,
            **extra,
        }
        lines = [f"HTTP/1.1 {status} Demo", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join((*lines, "", "")).encode() + body)
        await writer.drain()
        return True

    def _fault(self, route: str) -> Fault | None:
        fault = self.faults.get(route)
        if fault is None or fault.times <= 0:
            return None
        self.faults[route] = replace(fault, times=fault.times - 1)
        return fault


async def _read_head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return ""


def _request(head: str) -> Request:
    first, *lines = head.split("\r\n")
    target = urlsplit(first.split(" ")[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Request(_route(target.path), target.path, dict(parse_qsl(target.query)), headers)


def _route(path: str) -> str:
    match path.strip("/").split("/"):
        case ["cmc", "v1", "cryptocurrency", "map"]:
            return "cmc/map"
        case ["cmc", ("v2" | "v3") as version, "cryptocurrency", "quotes", "latest"]:
            return f"cmc/{version}"
        case ["backed", "assets"]:
            return "backed/assets"
        case ["backed", "assets", _]:
            return "backed/asset"
        case ["backed", "assets", _, "price-data"]:
            return "backed/price"
        case ["llama", "prices", "current", _]:
            return "llama/current"
        case ["coingecko", "simple", "price"]:
            return "coingecko/price"
        case ["coingecko", "simple", "token_price", _]:
            return "coingecko/contracts"
    return ""


DEFAULT_COINS = (
    Coin("ETH", "Ethereum", "3000", coingecko_id="ethereum", cmc_id=1027),
    Coin("USDC", "USDC", "1", {1: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"}, cmc_id=3408),
    Coin("TSLAx", "Tesla xStock", "350", {1: "0x8ad3c73f833d3f9a523ab01476625f269aeb7cf0"}, xstock=True),
)


def read_table(path: Path) -> list[Coin]:
    """The coins of a JSON file; contracts are keyed by chain id."""
    rows = json.loads(path.read_text())
    return [
        Coin(**{**row, "contracts": {int(on): at for on, at in row.get("contracts", {}).items()}})
        for row in rows
    ]


async def _serve(port: int, coins: Iterable[Coin]) -> None:
    server = await PriceServer(coins).start(port)
    try:
        print(f"{LABEL}\n{server.url}", flush=True)
        await asyncio.Event().wait()
    finally:
        await server.close()


def main() -> None:
    """Serve a table until Ctrl-C."""
    parser = argparse.ArgumentParser(description=LABEL)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--table", type=Path)
    chosen = parser.parse_args()
    coins = read_table(chosen.table) if chosen.table else DEFAULT_COINS
    try:
        asyncio.run(_serve(chosen.port, coins))
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
