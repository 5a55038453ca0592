"""`make watch` over a real server and a real chain: what is held, what changes, a restart in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.devnet.local_server import run_server
from tests.ports import free_port
from tests.streams.servers import WALLET, Devnet, Server

ROOT = Path(__file__).parent.parent.parent
ETHER = 10**18


@contextmanager
def watching(folder: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "functions.watch", WALLET, *arguments]
    with subprocess.Popen(
        command, env={**kept, **variables}, cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], words: str) -> list[str]:
    """The lines up to the one with these words."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return said
    raise EOFError("".join(said))


async def test_it_shows_every_change_and_goes_on_behind_a_restart(devnet: Devnet, tmp_path: Path) -> None:
    port = free_port()
    settings = {**devnet.variables, "STORE": f"sqlite:{tmp_path / 'chainfolio.db'}"}
    url = f"http://127.0.0.1:{port}"
    devnet.holds(ETHER)
    with watching(tmp_path, "--url", url, "--chains", "ethereum") as process:
        with run_server(port, settings) as running:
            server = Server(port, running)
            first = read_until(process, "in all")
            devnet.holds(3 * ETHER)
            await server.refresh()
            read_until(process, "▲ ETH on ethereum: +2, now 3")
            running.send_signal(signal.SIGTERM)
            read_until(process, "again in")
        devnet.holds(2 * ETHER)
        with run_server(port, settings) as running:
            await Server(port, running).refresh()
            later = read_until(process, "▼ ETH on ethereum: -1, now 2")
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=10) == 0

    assert any("1 asset on ethereum" in line for line in first)
    assert any("connected again" in line for line in later)
    assert not any("all is told anew" in line for line in later)


def test_without_a_server_it_reads_the_chain_itself(devnet: Devnet, tmp_path: Path) -> None:
    devnet.holds(ETHER)
    variables = {**devnet.variables, "STORE": "sqlite::memory:", "STREAM_REFRESH_SECONDS": "1"}
    with watching(tmp_path, **variables) as process:
        read_until(process, "in all")
        devnet.holds(5 * ETHER)
        read_until(process, "▲ ETH on ethereum: +4, now 5")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
