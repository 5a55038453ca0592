"""Real servers over one local chain, and clients of their streams."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.core.ids import ChainId, parse_address
from shared.facts import load_tokens
from tests.api.listening import Event, parse_event
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.demo_prices import coins, run_price_server
from tests.devnet.local_server import run_server
from tests.devnet.tokens import Erc20, mint, place_multicall3, place_tokens
from tests.ports import free_port

WALLET = parse_address("0x52908400098527886E0F7030069857D2E4169EE7")
QUERY = f"address={WALLET}&chains=ethereum"
_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Devnet:
    """A chain, and the settings of a server that reads it."""

    anvil: Anvil
    variables: Mapping[str, str]

    def holds(self, wei: int) -> None:
        """The wallet's coins from the next block on."""
        self.anvil.set_balance(WALLET, wei)
        self.anvil.mine()

    def holds_listed(self, number: int) -> None:
        """So many of the listed tokens are in the wallet."""
        tokens = [token.address for token in load_tokens(ChainId(1)) if token.address][:number]
        place_tokens(self.anvil, *(Erc20(address, "T", "Token") for address in tokens))
        mint(self.anvil, {(address, WALLET): 10**18 for address in tokens})
        self.anvil.mine()


@contextmanager
def run_devnet() -> Iterator[Devnet]:
    with run_anvil(1) as anvil, run_price_server(coins()) as prices:
        place_multicall3(anvil)
        variables = {
            "CHAINS": "ethereum",
            "RPC_URL_1": anvil.url,
            "LOG_LEVEL": "ERROR",
            "STREAM_REFRESH_SECONDS": "3600",
            "STREAM_HEARTBEAT_SECONDS": "1",
            "BALANCE_TTL_SECONDS": "0",
            "BACKED_BASE_URL": f"{prices.url}/backed",
            "LLAMA_BASE_URL": f"{prices.url}/llama",
            "COINGECKO_BASE_URL": f"{prices.url}/coingecko",
        }
        yield Devnet(anvil, variables)


@dataclass(frozen=True)
class Server:
    """One process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def refresh(self) -> Any:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            body = {"addresses": [WALLET], "chains": ["ethereum"]}
            answer = await client.post(f"{self.url}/api/v1/portfolio/refresh", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def metric(self, name: str) -> float:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            page = (await client.get(f"{self.url}/metrics")).text
        found = [line for line in page.splitlines() if line.startswith(name)]
        assert found, f"there is no metric {name}"
        return sum(float(line.split()[-1]) for line in found)


@contextmanager
def run_servers(*settings: Mapping[str, str]) -> Iterator[list[Server]]:
    """A process for each of the settings."""
    with ExitStack() as stack:
        servers = []
        for variables in settings:
            port = free_port()
            process = stack.enter_context(run_server(port, variables))
            servers.append(Server(port, process))
        yield servers


@dataclass
class Stream:
    """A client's connection, which reads only when it is asked to."""

    lines: AsyncIterator[str]
    last_id: str | None = None
    heard: list[Event] = field(default_factory=list)

    async def next(self, *names: str) -> Event:
        """The next event with one of these names, or any."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                event = await self._read()
                self.last_id = event.id or self.last_id
                self.heard.append(event)
                if not names or event.name in names:
                    return event

    async def until_balance(self, raw: int) -> Event:
        """The event that says that the wallet holds so much of the native coin."""
        while True:
            event = await self.next("snapshot", "fragment")
            fragments = [event.data] if event.name == "fragment" else event.data["fragments"]
            if any(str(raw) == held["balance_raw"] for each in fragments for held in each["positions"]):
                return event

    async def _read(self) -> Event:
        block: list[str] = []
        async for line in self.lines:
            if line:
                block.append(line)
            elif block:
                return parse_event("\n".join(block))
        raise EOFError("the server closed the connection")


@asynccontextmanager
async def open_stream(server: Server, last_id: str | None = None) -> AsyncIterator[Stream]:
    """A stream of the wallet; the connection is closed at the end."""
    headers = {"accept": "text/event-stream", **({"last-event-id": last_id} if last_id else {})}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=_PATIENCE_SECONDS) as client,
        client.stream("GET", f"{server.url}/api/v1/stream?{QUERY}", headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        yield Stream(aiter(answer.aiter_lines()))


def fragments_of(stream: Stream) -> list[Any]:
    """What it told of fragments, in order, those of its snapshot too."""
    told: list[Any] = []
    for event in stream.heard:
        told += event.data["fragments"] if event.name == "snapshot" else []
        told += [event.data] if event.name == "fragment" else []
    return told


def raw_request(last_id: str | None = None) -> bytes:
    """The request as bytes, for a client that reads as slowly as it likes."""
    extra = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
    return f"GET /api/v1/stream?{QUERY} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}\r\n".encode()


def events_in(received: bytes) -> list[Event]:
    """The whole events of a chunked answer."""
    _, _, body = received.partition(b"\r\n\r\n")
    plain = bytearray()
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size or b"0", 16)
        if not length or len(rest) < length:
            break
        plain += rest[:length]
        body = rest[length + 2 :]
    blocks = plain.decode().split("\n\n")[:-1]
    return [parse_event(block) for block in blocks]
