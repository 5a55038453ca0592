"""The demo, run as a user runs it: right to the last unit, and gone without a trace."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from web3 import HTTPProvider, Web3

from shared.core.amounts import EXACT, to_raw
from shared.core.ids import erc20_asset_id, native_asset_id
from shared.facts import load_chains
from tests.ports import free_port

from . import demo_wallet as wallet
from .local_server import ROOT

BALANCE_OF = [
    {
        "name": "balanceOf",
        "type": "function",
        "stateMutability": "view",
        "inputs": [{"name": "holder", "type": "address"}],
        "outputs": [{"name": "", "type": "uint256"}],
    }
]
HOSTILE_ASSET = erc20_asset_id(wallet.POLYGON, wallet.HOSTILE)
SPAM_ASSET = erc20_asset_id(wallet.BASE, wallet.SPAM)
# What a user may have set for the real thing; none of it may reach the demo.
FOREIGN = {"CHAINS": "bsc", "RPC_URL_1": "http://127.0.0.1:9", "COINMARKETCAP_API_KEY": "real", "STORE": "?"}


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo and what it has printed until it began to wait."""

    process: subprocess.Popen[str]
    port: int
    printed: str

    def portfolio(self, **query: str) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/api/v1/portfolio"
        response = httpx.get(url, params={"address": wallet.WALLET, **query}, trust_env=False)
        assert response.status_code == 200
        body: dict[str, Any] = response.json()
        return body

    def url(self, name: str) -> str:
        """The URL that the demo says something listens at."""
        found = re.search(rf"✓ {name} +(http://\S+)", self.printed)
        assert found
        return found[1]

    def children(self) -> dict[int, str]:
        """Process id → command line of what the demo has started."""
        table = ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="]
        rows = subprocess.run(table, capture_output=True, text=True, check=True).stdout.splitlines()
        cells = (row.split(maxsplit=2) for row in rows)
        return {int(pid): args for pid, parent, args in cells if int(parent) == self.process.pid}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.devnet.demo", *arguments]


def environment(folder: Path) -> dict[str, str]:
    """Ours, with what must not matter; temporary files go where the test's own are."""
    ours = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "100", "TMPDIR": str(folder)}
    return {**os.environ, **FOREIGN, **ours}


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """A demo that waits for its end; interrupted afterwards if it still runs."""
    port = free_port()
    (folder / ".env").write_text("CHAINS=bsc\nPRICE_TTL_SECONDS=nonsense\n")
    process = subprocess.Popen(
        command("--port", str(port)), cwd=folder, env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        printed = []
        for line in lines:
            printed.append(line)
            if "Ctrl-C" in line:
                break
        yield Demo(process, port, "".join(printed))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def minted() -> dict[str, int]:
    """Asset → raw amount of everything that the wallet was given and that is scanned without asking."""
    chains = load_chains()
    natives: dict[str, int] = {
        native_asset_id(chain_id, chains[chain_id].native.slip44): to_raw(Decimal(amount), 18)
        for chain_id, amount in wallet.NATIVE_COINS.items()
    }
    tokens: dict[str, int] = {placed.token.asset_id: placed.raw for placed in wallet.LISTED}
    stock = erc20_asset_id(wallet.ETHEREUM, wallet.XSTOCK)
    return {**natives, **tokens, stock: wallet.XSTOCK_RAW}


def test_every_balance_is_what_was_minted_to_the_last_unit(demo: Demo) -> None:
    assets = demo.portfolio()["assets"]

    assert {asset["asset_id"]: int(asset["balance_raw"]) for asset in assets} == minted()


def test_every_balance_is_what_web3_reads(demo: Demo) -> None:
    body = demo.portfolio()
    chains = {c["chain_id"]: Web3(HTTPProvider(demo.url(c["chain"]))) for c in body["chains"]}
    read = {}
    for asset in body["assets"]:
        web3 = chains[asset["chain_id"]]
        if asset["address"] is None:
            read[asset["asset_id"]] = web3.eth.get_balance(Web3.to_checksum_address(wallet.WALLET))
        else:
            contract = web3.eth.contract(asset["address"], abi=BALANCE_OF)
            read[asset["asset_id"]] = contract.functions.balanceOf(wallet.WALLET).call()

    assert {asset["asset_id"]: int(asset["balance_raw"]) for asset in body["assets"]} == read


def test_the_total_is_exactly_what_the_price_table_makes_of_the_balances(demo: Demo) -> None:
    body = demo.portfolio()
    total = Decimal(0)
    for asset in (*body["assets"], *body["positions"]):
        price = wallet.PRICES.get({"WETH": "ETH"}.get(asset["symbol"], asset["symbol"]))
        assert asset["price_usd"] == (None if price is None else str(Decimal(price).normalize()))
        if price is not None:
            units = Decimal(asset["balance_raw"]).scaleb(-asset["decimals"], EXACT)
            value = EXACT.multiply(units, Decimal(price))
            total = EXACT.add(total, value.copy_negate() if asset.get("kind") == "debt" else value)

    assert Decimal(body["total_usd"]) == total


def test_what_is_lent_and_borrowed_is_shown_as_positions_of_the_same_block_as_the_balances(
    demo: Demo,
) -> None:
    body = demo.portfolio()
    (base,) = (chain for chain in body["chains"] if chain["chain"] == "base")
    web3 = Web3(HTTPProvider(demo.url("base")))
    said = {
        lent.token: web3.eth.contract(Web3.to_checksum_address(lent.token), abi=BALANCE_OF)
        .functions.balanceOf(wallet.WALLET)
        .call()
        for lent in wallet.LENT
    }

    assert [(p["kind"], p["protocol"], p["symbol"]) for p in body["positions"]] == [
        ("deposit", "aave-v3", "USDC"),
        ("debt", "aave-v3", "WETH"),
    ]
    assert {p["contract"]: int(p["balance_raw"]) for p in body["positions"]} == said
    assert said == {lent.token: lent.raw for lent in wallet.LENT}
    assert {p["block_number"] for p in body["positions"]} == {base["block_number"]}


def test_the_hostile_token_is_the_only_reason_to_be_incomplete(demo: Demo) -> None:
    body = demo.portfolio()

    assert body["complete"] is False
    assert [(e["scope"], e["chain"], e["asset_id"]) for e in body["errors"]] == [
        ("token", "polygon", HOSTILE_ASSET)
    ]
    assert [chain["status"] for chain in body["chains"]] == ["ok"] * 4
    assert demo.portfolio(chains="ethereum,base,arbitrum")["complete"] is True


def test_spam_is_hidden_until_it_is_asked_for(demo: Demo) -> None:
    hidden = demo.portfolio(tokens=SPAM_ASSET)
    shown = demo.portfolio(tokens=SPAM_ASSET, include_spam="true")
    (spam,) = (asset for asset in shown["assets"] if asset["asset_id"] == SPAM_ASSET)

    assert SPAM_ASSET not in [asset["asset_id"] for asset in hidden["assets"]]
    assert int(spam["balance_raw"]) == wallet.SPAM_RAW
    assert spam["value_usd"] is None
    assert spam["spam_reasons"]
    assert shown["total_usd"] == hidden["total_usd"]


def test_it_prints_the_wallet_as_a_table_and_what_to_try_next(demo: Demo) -> None:
    body = demo.portfolio()

    assert "invented prices" in demo.printed
    assert f"${Decimal(body['total_usd']):,.0f}"[:-1] in demo.printed
    assert all(f"✓ {chain['chain']}" in demo.printed for chain in body["chains"])
    assert wallet.HOSTILE in demo.printed
    assert f"curl 'http://127.0.0.1:{demo.port}/api/v1/portfolio?address={wallet.WALLET}'" in demo.printed
    assert "\x1b" not in demo.printed


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_what_it_says_to_open_is_there(demo: Demo, path: str) -> None:
    assert httpx.get(f"http://127.0.0.1:{demo.port}{path}", trust_env=False).status_code == 200


def test_the_terminal_command_gives_the_same_answer(demo: Demo, tmp_path: Path) -> None:
    prices = demo.url("prices")
    variables = {
        **{f"RPC_URL_{c}": demo.url(load_chains()[c].slug) for c in wallet.CHAIN_IDS},
        "CHAINS": ",".join(map(str, wallet.CHAIN_IDS)),
        "CMC_BASE_URL": f"{prices}/cmc",
        "BACKED_BASE_URL": f"{prices}/backed",
        "LLAMA_BASE_URL": f"{prices}/llama",
        "COINGECKO_BASE_URL": f"{prices}/coingecko",
        "STORE": "sqlite::memory:",
    }
    run = subprocess.run(
        [sys.executable, "-m", "functions.terminal", wallet.WALLET, "--json"],
        cwd=tmp_path,
        env={**environment(tmp_path), **variables},
        capture_output=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert timeless(httpx.Response(200, content=run.stdout).json()) == timeless(demo.portfolio())


def timeless(body: dict[str, Any]) -> dict[str, Any]:
    """The body without what differs from one moment to the next."""
    moving = ("as_of", "latency_ms", "price", "quotes")
    kept = {name: value for name, value in body.items() if name not in moving}
    for part in ("chains", "assets", "positions"):
        kept[part] = [{k: v for k, v in row.items() if k not in moving} for row in body[part]]
    return kept


def still_there(pid: int) -> bool:
    """Whether the process runs; a dead one that nobody has collected yet does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_leaves_no_process_behind(number: signal.Signals, tmp_path: Path) -> None:
    with running_demo(tmp_path) as demo:
        children = demo.children()
        demo.process.send_signal(number)
        # The end of its output comes when the last process that writes there, its watchdog, comes to its own.
        demo.process.communicate(timeout=20)
    watched = [pid for pid, args in children.items() if "watchdog.py" not in args]

    assert len(watched) == 5, "four chains and the server"
    assert not [pid for pid in watched if still_there(pid)]
    assert demo.process.returncode == (0 if number != signal.SIGKILL else -signal.SIGKILL)


def test_a_taken_port_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        run = subprocess.run(
            command("--port", str(port)),
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )

    assert run.returncode == 1
    assert run.stderr.startswith(f"demo: port {port} is not free")
    assert f"make demo PORT={port + 1}" in run.stderr
    assert run.stderr.count("\n") == 1


def test_missing_node_packages_are_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; from tests.devnet import anvil, demo;"
        "anvil.NODE_MODULES = pathlib.Path('nowhere');"
        f"sys.exit(demo.main(['--port', '{free_port()}']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 1
    assert "make setup" in run.stderr
    assert run.stderr.count("\n") == 1
