"""The Wallets port, on every store."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from shared.core.ids import Address, address_from_bytes
from shared.errors import Conflict, NotFound
from shared.store.ports import MAX_WALLETS, SavedWallet, Store
from tests.store.samples import ALICE, BOB, START


def address(number: int) -> Address:
    return address_from_bytes(number.to_bytes(20, "big"))


def wallet(number: int, minutes: int = 0) -> SavedWallet:
    return SavedWallet(address(number), f"No. {number} – cold", (), START + timedelta(minutes=minutes))


async def test_wallets_come_back_as_they_were_given_in_the_order_of_their_time(store: Store) -> None:
    late, early, same = wallet(1, 5), wallet(3)._replace(chains=("base", "ethereum")), wallet(2, 5)

    for added in (same, late, early):
        await store.wallets.add_wallet(ALICE, added)

    assert await store.wallets.list_wallets(ALICE) == (early, late, same)


async def test_an_address_is_saved_once(store: Store) -> None:
    await store.wallets.add_wallet(ALICE, wallet(1))

    with pytest.raises(Conflict):
        await store.wallets.add_wallet(ALICE, wallet(1)._replace(label="other"))

    assert await store.wallets.list_wallets(ALICE) == (wallet(1),)


async def test_there_are_at_most_a_hundred(store: Store) -> None:
    for number in range(MAX_WALLETS - 1):
        await store.wallets.add_wallet(ALICE, wallet(number, number))

    added = [store.wallets.add_wallet(ALICE, wallet(number, number)) for number in (200, 201)]
    results = await asyncio.gather(*added, return_exceptions=True)

    assert [type(result) for result in results if result is not None] == [Conflict]
    assert len(await store.wallets.list_wallets(ALICE)) == MAX_WALLETS
    await store.wallets.add_wallet(BOB, wallet(1))


async def test_a_removed_wallet_is_gone(store: Store) -> None:
    await store.wallets.add_wallet(ALICE, wallet(1))

    await store.wallets.remove_wallet(ALICE, address(1))

    assert await store.wallets.list_wallets(ALICE) == ()
    with pytest.raises(NotFound):
        await store.wallets.remove_wallet(ALICE, address(1))
    await store.wallets.add_wallet(ALICE, wallet(1))


async def test_another_users_wallets_do_not_exist(store: Store) -> None:
    await store.wallets.add_wallet(ALICE, wallet(1))

    assert await store.wallets.list_wallets(BOB) == ()
    with pytest.raises(NotFound):
        await store.wallets.remove_wallet(BOB, address(1))
    assert await store.wallets.list_wallets(ALICE) == (wallet(1),)


async def test_a_wallet_is_verified_at_the_time_of_the_last_proof(store: Store) -> None:
    for number in (1, 2):
        await store.wallets.add_wallet(ALICE, wallet(number))

    for minutes in (3, 5):
        proven = await store.wallets.verify_wallet(ALICE, address(1), START + timedelta(minutes=minutes))

    expected = wallet(1)._replace(verified_at=START + timedelta(minutes=5))
    assert proven == expected
    assert await store.wallets.list_wallets(ALICE) == (expected, wallet(2))


async def test_only_a_saved_wallet_of_the_users_can_be_verified(store: Store) -> None:
    await store.wallets.add_wallet(ALICE, wallet(1))

    for user, number in ((ALICE, 2), (BOB, 1)):
        with pytest.raises(NotFound):
            await store.wallets.verify_wallet(user, address(number), START)

    assert await store.wallets.list_wallets(ALICE) == (wallet(1),)


async def test_a_wallet_may_be_saved_as_verified(store: Store) -> None:
    proven = wallet(1)._replace(verified_at=START)
    await store.wallets.add_wallet(ALICE, proven)

    assert await store.wallets.list_wallets(ALICE) == (proven,)
