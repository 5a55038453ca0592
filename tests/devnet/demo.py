"""`make demo`: local chains with real contracts, the real server, and the demo wallet's portfolio.

Everything runs on this machine and nothing is real: neither the money nor the prices.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from http.client import HTTPConnection
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.text import Text

from functions.terminal import open_console
from shared.api.portfolio_schemas import PortfolioBody
from shared.core.ids import ChainId, erc20_asset_id
from shared.facts import load_chains
from shared.terminal.view import PortfolioView

from .anvil import Anvil, AnvilError, NodePackagesMissing
from .demo_chains import run_chains
from .demo_prices import coins, run_price_server
from .demo_wallet import BASE, SPAM, WALLET
from .local_server import ServerError, check_port, run_server
from .price_server import PriceServer
from .watchdog import watchdog

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ABOUT_THE_FAILURE = """\
  What could not be read is the demo's hostile token: it burns all the gas that
  it is given. That costs nobody else's balance, and is told, not hidden.
"""
_PORTFOLIO = f"/api/v1/portfolio?address={WALLET}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo until it is interrupted; the exit code."""
    options = _parser().parse_args(arguments)
    console = open_console(sys.stdout)
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    try:
        with ExitStack() as running:
            server = _start(options.port, console, running)
            console.print(PortfolioView(_fetch(options.port, console)))
            console.print(Text(_ABOUT_THE_FAILURE, "dim"))
            if not options.once:
                _serve(options.port, server, console)
    except (ServerError, AnvilError, NodePackagesMissing, OSError) as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        console.print(Text("\n  Stopped: nothing of the demo is running any more."))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    port = os.environ.get("PORT") or "8080"
    parser.add_argument(
        "--port", type=int, default=port, help="where the server listens (default: PORT, or 8080)"
    )
    parser.add_argument("--once", action="store_true", help="print the portfolio and stop")
    return parser


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Begins the way out; whoever is impatient cannot interrupt that."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _start(port: int, console: Console, running: ExitStack) -> subprocess.Popen[bytes]:
    """The chains, the prices and the server, which all end with `running`."""
    started = time.monotonic()
    check_port(port)
    console.print(Text("\n  chainfolio demo: local chains, an invented wallet, invented prices\n", "bold"))
    watch = running.enter_context(watchdog())
    prices = running.enter_context(run_price_server(coins()))
    chains = running.enter_context(run_chains(watch))
    server = running.enter_context(run_server(port, _variables(chains, prices), watch))
    for chain_id, anvil in chains.items():
        _say(console, load_chains()[chain_id].slug, anvil.url, f"anvil, chain id {chain_id}")
    _say(console, "prices", prices.url, "invented: cmc, backed, llama, gecko")
    _say(console, "server", f"http://127.0.0.1:{port}", f"ready in {time.monotonic() - started:.1f} s")
    return server


def _say(console: Console, what: str, url: str, note: str) -> None:
    console.print(Text.assemble(("  ✓ ", "green"), f"{what:<9} {url:<22}  ", (note, "dim")))


def _variables(chains: Mapping[ChainId, Anvil], prices: PriceServer) -> dict[str, str]:
    """The whole configuration of the server: every outside world is one of ours."""
    apis = prices.apis()
    return {
        **{f"RPC_URL_{chain_id}": anvil.url for chain_id, anvil in chains.items()},
        "CHAINS": ",".join(str(chain_id) for chain_id in chains),
        "CMC_BASE_URL": apis.coinmarketcap_url,
        "COINMARKETCAP_API_KEY": "demo",
        "BACKED_BASE_URL": apis.backed_url,
        "LLAMA_BASE_URL": apis.llama_url,
        "COINGECKO_BASE_URL": apis.coingecko_url,
    }


def _fetch(port: int, console: Console) -> PortfolioBody:
    """The demo wallet's portfolio, asked for as any caller would."""
    started = time.monotonic()
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", _PORTFOLIO)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    spent = round((time.monotonic() - started) * 1000)
    console.print(Text(f"\n  GET {_PORTFOLIO}\n  {answer.status} in {spent:,} ms"), soft_wrap=True)
    if answer.status != 200:
        raise ServerError(f"the server answered {answer.status}: {body[:300].decode(errors='replace')}")
    portfolio: PortfolioBody = json.loads(body)
    return portfolio


def _serve(port: int, server: subprocess.Popen[bytes], console: Console) -> None:
    """Says what to try, and waits for the end: ours by a signal, or the server's own, which is an error."""
    base = f"http://127.0.0.1:{port}"
    spam = erc20_asset_id(BASE, SPAM)
    console.print(
        Text(
            f"  Try next, in another terminal:\n"
            f"    curl '{base}{_PORTFOLIO}'\n"
            f"    curl '{base}{_PORTFOLIO}&chains=base&tokens={spam}&include_spam=true'\n"
            f"    curl '{base}/openapi.json'\n"
            f"  or open {base}/docs. Ctrl-C stops everything."
        ),
        soft_wrap=True,
    )
    raise ServerError(f"the server ended by itself (exit code {server.wait()})")


if __name__ == "__main__":
    sys.exit(main())
