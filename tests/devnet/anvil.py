"""Local EVM chains: start an anvil, talk to it, and put code, storage and coins where they are wanted."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

NODE_MODULES = Path(__file__).parent / "node_modules"

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class NodePackagesMissing(Exception):
    """The npm packages of the devnet are not installed."""

    def __init__(self) -> None:
        super().__init__("tests/devnet/node_modules is missing or incomplete: run `make setup`")


class AnvilError(Exception):
    """anvil did not start, or answered with an error."""


@dataclass(frozen=True, slots=True)
class Anvil:
    """A running chain. Every method is one request, made at once and in order."""

    chain_id: int
    port: int
    process: subprocess.Popen[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rpc(self, method: str, *params: Json) -> Json:
        """The result of a JSON-RPC call; AnvilError if it is refused."""
        return self.batch([(method, list(params))])[0]

    def batch(self, calls: Sequence[tuple[str, list[Json]]]) -> list[Json]:
        """The results of many JSON-RPC calls, in order; AnvilError if one is refused."""
        results: list[Json] = []
        for start in range(0, len(calls), 1000):
            results += self._post(calls[start : start + 1000])
        return results

    def set_code(self, address: str, code: str) -> None:
        self.rpc("anvil_setCode", address, code)

    def set_storage(self, address: str, slot: int, value: int) -> None:
        self.rpc("anvil_setStorageAt", address, f"0x{slot:064x}", f"0x{value:064x}")

    def set_balance(self, address: str, wei: int) -> None:
        self.rpc("anvil_setBalance", address, hex(wei))

    def mine(self, blocks: int = 1) -> None:
        self.rpc("anvil_mine", hex(blocks))

    def block_number(self) -> int:
        return int(str(self.rpc("eth_blockNumber")), 16)

    def _post(self, calls: Sequence[tuple[str, list[Json]]]) -> list[Json]:
        body = [{"jsonrpc": "2.0", "id": i, "method": m, "params": p} for i, (m, p) in enumerate(calls)]
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", "/", json.dumps(body), {"content-type": "application/json"})
            answers = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        for answer in answers:
            if "error" in answer:
                raise AnvilError(f"{calls[answer['id']][0]}: {answer['error'].get('message')}")
        return [answer["result"] for answer in sorted(answers, key=lambda answer: int(answer["id"]))]


@contextmanager
def run_anvil(chain_id: int = 31337, *options: str, port: int = 0) -> Iterator[Anvil]:
    """A fresh chain that is gone at the end; port 0 is any free one, `options` are anvil's own.

    Raises NodePackagesMissing, and AnvilError when it does not start (the port is taken).
    """
    where = ("--host", "127.0.0.1", "--port", str(port))
    command = [str(_binary()), "--chain-id", str(chain_id), *where, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield Anvil(chain_id, _listening_port(process), process)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _binary() -> Path:
    """The program itself: npm's wrapper would leave it running when killed."""
    found = sorted(NODE_MODULES.glob("@foundry-rs/anvil-*/bin/anvil*"))
    if not found:
        raise NodePackagesMissing
    return found[0]


def _listening_port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Listening on "):
            threading.Thread(target=_drain, args=(process,), daemon=True).start()
            return int(line.rsplit(":", 1)[1])
    process.stdout.close()
    raise AnvilError("anvil did not start: " + " ".join("".join(lines[-3:]).split()))


def _drain(process: subprocess.Popen[str]) -> None:
    """anvil writes a line for each request, and would stop when nobody reads them."""
    assert process.stdout is not None
    with process.stdout as lines:
        for _ in lines:
            pass
