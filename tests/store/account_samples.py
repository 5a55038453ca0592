"""A user who has something of every kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import TypeVar

from shared.core.snapshots import SnapshotAsset
from shared.store.account_ports import Kind
from shared.store.ports import SavedCheckpoint, SavedWallet, SnapshotFilter, Store, TradeFilter
from tests.store.run_samples import KEY, address, part, plan_page, price_page, run
from tests.store.samples import ETH, START, once, snapshot, trade, tx

T = TypeVar("T")

HELD: dict[Kind, int] = {
    "wallets": 2,
    "runs": 1,
    "trades": 3,
    "snapshots": 2,
    "answers": 1,
    "checkpoints": 1,
    "changes": 1,
}
"""How many of each kind `fill` makes."""
NOTHING = dict.fromkeys(HELD, 0)


async def fill(store: Store, user: str) -> None:
    """Keep some of everything for the user."""
    for number in (1, 2):
        await store.wallets.add_wallet(user, SavedWallet(address(number), "mine", (), START))
    trades = [trade(number, user, tx_hash=tx(number), chain="ethereum") for number in range(3)]
    await store.trades.add_trades(user, trades, once())
    revision = await store.log.read_revision(user)
    await store.checkpoints.save_checkpoint(user, "pnl", SavedCheckpoint(revision, START, b'{"a": 1}'))
    assets = (SnapshotAsset(ETH, "ETH", Decimal(1), None, None),)
    for number in (1, 2):
        await store.snapshots.add_snapshot(user, snapshot(number, START, user, assets=assets))
    own = replace(run(f"20240101T000000.000000Z-{user}"), user_id=user)
    await store.runs.add_run(own)
    await store.runs.add_page(own.id, plan_page(0))
    await store.runs.add_prices(own.id, price_page(0))
    await store.parts.add_part(replace(part(KEY), run_id=own.id))


async def everything(chunks: AsyncIterator[tuple[T, ...]]) -> list[T]:
    return [each async for chunk in chunks for each in chunk]


async def held(store: Store, user: str) -> dict[Kind, int]:
    """How many of each kind are kept of the user, read through the ports."""
    accounts = store.accounts
    return {
        "wallets": len(await store.wallets.list_wallets(user)),
        "runs": len(await everything(accounts.read_runs(user))),
        "trades": len((await store.trades.page_trades(user, TradeFilter(), limit=500)).rows),
        "snapshots": len((await store.snapshots.page_snapshots(user, SnapshotFilter(), limit=500)).rows),
        "answers": len(await everything(accounts.read_answers(user))),
        "checkpoints": len(await everything(accounts.read_checkpoints(user))),
        "changes": len(await everything(accounts.read_changes(user))),
    }


async def erase(store: Store, user: str) -> dict[Kind, int]:
    """Erase until nothing is found; how many of each kind."""
    gone = dict(NOTHING)
    while (step := await store.erasures.erase_some(user)).found:
        gone = {kind: gone[kind] + step.gone[kind] for kind in gone}
    return gone
