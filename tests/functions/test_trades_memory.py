"""A large import is read a little at a time: what the server needs for it stays within bounds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.functions.bundle import ROOT, environment
from tests.ports import free_port

TRADES = "/api/v1/trades"
ROWS = 100_000
MOST_MEGABYTES = 150

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")


@contextmanager
def server(folder: Path) -> Iterator[tuple[int, httpx.Client]]:
    """The local server's process id, and a client of it."""
    port = free_port()
    variables = {
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "ERROR",
        "PORT": str(port),
        "STORE": "sqlite:trades.db",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "functions.local"],
        cwd=folder,
        env=environment(variables),
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if b"Ctrl-C" in line:
                break
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=300, transport=httpx.HTTPTransport(retries=9)
        ) as client:
            yield process.pid, client
    finally:
        process.terminate()
        process.communicate()


def megabytes(process: int, what: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def rows() -> bytes:
    head = "row,executed_at,side,asset,symbol,amount,price_usd,fee_usd,chain,tx_hash,notes\r\n"
    lines = (
        f"{n},2026-01-{n % 28 + 1:02}T00:{n % 60:02}:00Z,{'buy' if n % 3 else 'sell'},eip155:1/slip44:60,ETH,"
        f"{n}.{n % 97:02}1,{2000 + n % 100}.5,1.2,ethereum,0x{n:064x},the note of number {n}\r\n"
        for n in range(1, ROWS + 1)
    )
    return (head + "".join(lines)).encode()


def test_an_import_of_100_000_rows_is_taken_and_refused_within_bounds(tmp_path: Path) -> None:
    body, kind = rows(), {"content-type": "text/csv"}
    with server(tmp_path) as (process, client):
        client.post(TRADES, json={"side": "buy", "asset": "ETH", "amount": "1"})
        idle = megabytes(process, "VmRSS")
        Path(f"/proc/{process}/clear_refs").write_text("5")  # the peak begins anew
        taken = client.post(f"{TRADES}/import", content=body, headers=kind)
        to_take = megabytes(process, "VmHWM") - idle
        refused = client.post(f"{TRADES}/import", content=body, headers=kind)
        to_refuse = megabytes(process, "VmHWM") - idle
        Path(f"/proc/{process}/clear_refs").write_text("5")
        before = megabytes(process, "VmRSS")
        exported = client.get(f"{TRADES}/export")
        to_export = megabytes(process, "VmHWM") - before

    assert taken.json() == {"imported": ROWS, "skipped": 0, "errors": [], "duplicates": []}
    assert to_take < MOST_MEGABYTES
    assert (refused.status_code, len(refused.json()["errors"])) == (409, ROWS)
    assert to_refuse < MOST_MEGABYTES
    assert exported.content.count(b"\r\n") == ROWS + 2
    assert to_export < MOST_MEGABYTES / 3
