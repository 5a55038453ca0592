"""Users with something of everything, and stores that have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shared.core.failures import Failure
from shared.core.ids import Address, AssetId
from shared.core.snapshots import Snapshot, SnapshotAsset
from shared.core.trades import LotPick, OnChain, Trade
from shared.store.ports import SavedWallet, SnapshotFilter, Store
from tests.store.samples import ETH, START, WALLET, snapshot, trade, tx

HUGE = Decimal(2**256 - 1)
TINY = Decimal("0.000000000000000001")
EVERYTHING = trade(
    3,
    side="sell",
    amount=Decimal("0.50"),
    fee_usd=Decimal("1.10"),
    tx_hash=tx(1),
    chain="ethereum",
    wallet=WALLET,
    notes='=1+1, "quoted"\r\nsecond line \U0001f921',
    link="swap-1",
    lots=(LotPick("alice-000001", Decimal("0.50")),),
    fee_asset=ETH,
    fee_amount=TINY,
    on_chain=OnChain(False, 23_800_000, START, "it says\nsomething else"),
)
DEPOSIT = trade(
    4, side="transfer_in", price_usd=None, basis_usd=Decimal("100.00"), acquired_at=START - timedelta(days=3)
)
PRICED = SnapshotAsset(ETH, "ETH", Decimal("1.50"), Decimal("2000.10"), Decimal("3000.150"))
UNPRICED = SnapshotAsset(AssetId(f"eip155:1/erc20:{WALLET}"), "=SCAM()", HUGE, None, None)
FAILURE = Failure("price", None, "price_unavailable", "nobody\nknows", ETH)


def keep_of(user: str) -> tuple[list[SavedWallet], list[Trade], list[Snapshot]]:
    """What a user keeps."""
    wallets = [SavedWallet(WALLET, "cold, 'storage'", ("ethereum", "base"), START, START + timedelta(days=1))]
    trades = [trade(1, user), trade(2, user, status="pending")]
    trades += [each._replace(id=f"{user}-{each.id}", user_id=user) for each in (EVERYTHING, DEPOSIT)]
    snapshots = [
        snapshot(1, START, user, assets=(PRICED, UNPRICED), errors=(FAILURE,), complete=False),
        snapshot(2, START + timedelta(hours=1), user, run_id="20240101T010000Z"),
    ]
    return wallets, trades, snapshots


async def fill(store: Store, user: str, made_at: datetime | None = None) -> None:
    """Keep all of it, as if it were made at this time."""
    wallets, trades, snapshots = keep_of(user)
    if made_at is not None:
        wallets = [wallet._replace(created_at=made_at) for wallet in wallets]
        trades = [each._replace(created_at=made_at, id=f"{each.id}-anew") for each in trades]
        snapshots = [replace(each, timestamp=made_at, id=f"{each.id}-anew") for each in snapshots]
    for wallet in wallets:
        await store.wallets.add_wallet(user, wallet)
    await store.trades.add_trades(user, trades)
    for each in snapshots:
        await store.snapshots.add_snapshot(user, each)


async def contents(store: Store, user: str) -> tuple[object, ...]:
    """All that a user has in a store, amounts with their digits."""
    trades = [each async for chunk in store.log.read_trades(user) for each in chunk]
    page = await store.snapshots.page_snapshots(
        user, SnapshotFilter(), order="asc", limit=500, with_assets=True
    )
    kept = (await store.wallets.list_wallets(user), trades, page.rows)
    return *kept, str(kept)


NOW = datetime(2025, 6, 1, 12, 30, tzinfo=UTC)
OTHER = Address("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4")
