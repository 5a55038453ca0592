"""PnL over HTTP of an account with 100,000 trades: from scratch, and after one more trade.

Wall-clock seconds of whole answers, in one process, with SQLite in a file; the chains and prices are fakes.
"""

from __future__ import annotations

import asyncio
import sys
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.api.app import build_app
from shared.api.pnl import PATH, ROUTES
from shared.core.ids import AssetId
from shared.core.trades import Trade
from shared.store.opening import StoreOnDemand, open_store
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking import ask
from tests.bench.bench_ledger import build, rows
from tests.bench.goals import Goal, show
from tests.fakes import WALLET, Fakes, price

USER = "local"
TRADES = 100_000
_CHUNK = 1000
_ETH = AssetId("eip155:1/slip44:60")


def history(count: int) -> list[Trade]:
    """The ledger's benchmark's trades, as one wallet's ether."""
    return [trade._replace(user_id=USER, asset=_ETH, wallet=WALLET) for trade in build(rows(count))]


async def timed(app: App[Context], query: str) -> float:
    """Seconds until the whole answer is there."""
    began = time.perf_counter()
    answer = await ask(app, f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    took = time.perf_counter() - began
    print(f"{query or '(no query)':<32}{took:8.3f} s")
    return took


async def measure(folder: Path) -> int:
    """Print what answers take; 1 when a goal is missed."""
    fakes = Fakes()
    fakes.stores = StoreOnDemand(partial(open_store, f"sqlite:{folder / 'bench.db'}", None, fakes.clock))
    fakes.book.known = {_ETH: price(_ETH, "3000")}
    store, trades = fakes.stores.get(), history(TRADES + 1)
    await store.imports.import_trades(USER, (trades[i : i + _CHUNK] for i in range(0, TRADES, _CHUNK)))
    app = build_app("pnl", ROUTES, fakes.settings, fakes.context, base=PATH, clock=fakes.clock.seconds)
    first = await timed(app, "")
    await store.trades.add_trades(USER, [trades[TRADES]])
    appended = await timed(app, "")
    await timed(app, "include=transfers")
    first_compared = await timed(app, "compare=true")
    compared = await timed(app, "compare=true")
    await fakes.stores.close()
    return show(
        [
            Goal("× as fast after one more trade as from scratch", first / appended, at_least=20),
            Goal("× one answer for twelve side by side, from scratch", first_compared / first, at_most=8),
            Goal("× one answer for twelve side by side, once checkpointed", compared / appended, at_most=40),
        ]
    )


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        sys.exit(asyncio.run(measure(Path(place))))
