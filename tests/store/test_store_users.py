"""All users of whom anything is kept."""

from __future__ import annotations

import pytest

from shared.store.ports import SavedWallet, Store
from tests.store.run_samples import address
from tests.store.samples import START, snapshot, trade


async def all_users(store: Store, limit: int) -> list[str]:
    """All pages; only the last one is short, and it may be empty."""
    found: list[str] = []
    while True:
        page = await store.owners.page_users(found[-1] if found else None, limit)
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            return found


async def test_whoever_keeps_anything_is_a_user_once(store: Store) -> None:
    assert await store.owners.page_users(None, 3) == ()

    for user in ("wallets", "all"):
        for number in range(3):
            await store.wallets.add_wallet(user, SavedWallet(address(number), "", (), START))
    for user in ("trades", "all"):
        await store.trades.add_trades(user, [trade(number, user) for number in range(3)])
    for user in ("snapshots", "all"):
        for number in range(3):
            await store.snapshots.add_snapshot(user, snapshot(number, START, user))

    for limit in (1, 2, 3, 4, 5):
        assert await all_users(store, limit) == ["all", "snapshots", "trades", "wallets"]


async def test_who_keeps_nothing_any_more_is_none(store: Store) -> None:
    await store.trades.add_trades("alice", [trade(1)])
    await store.trades.delete_trade("alice", trade(1).id)

    assert await store.owners.page_users(None, 3) == ()


@pytest.mark.parametrize("user", ["a", "a/b", "a:b", "__x__", "..", " ", "é", "\N{CLOWN FACE}", "auth0|1"])
async def test_any_text_can_be_a_users_id(store: Store, user: str) -> None:
    await store.trades.add_trades(user, [trade(1, user)])

    assert await store.owners.page_users(None, 2) == (user,)
    assert await store.owners.page_users(user, 2) == ()
