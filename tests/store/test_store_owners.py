"""The Owners port, on every store."""

from __future__ import annotations

from collections import UserDict
from collections.abc import ItemsView

import pytest

from shared.core.ids import Address
from shared.core.runs import Owner
from shared.store.ports import SavedWallet, Store
from tests.store.run_fakes import FakeOwners
from tests.store.run_samples import address
from tests.store.samples import START

ODD = [
    "a",
    "a/b",
    "a:b",
    "A",
    "__x__",
    ".",
    "..",
    "%2F",
    " ",
    "é",
    "\uffee",
    "\N{CLOWN FACE}",
    "x" * 255,
    "auth0|1",
]


async def save(store: Store, user: str, *numbers: int, chains: tuple[str, ...] = ()) -> None:
    for number in numbers:
        await store.wallets.add_wallet(user, SavedWallet(address(number), "", chains, START))


def owner(user: str, *numbers: int) -> Owner:
    return Owner(user, tuple((address(number), ()) for number in sorted(numbers, key=address)))


async def all_owners(store: Store, limit: int) -> list[Owner]:
    """All pages; only the last one is short, and it may be empty."""
    found: list[Owner] = []
    while True:
        page = await store.owners.page_owners(found[-1].user_id if found else None, limit)
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            return found


async def test_without_wallets_there_is_nobody(store: Store) -> None:
    assert await store.owners.page_owners(None, 3) == ()

    await save(store, "alice", 1)
    await store.wallets.remove_wallet("alice", address(1))

    assert await store.owners.page_owners(None, 3) == ()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7])
async def test_pages_hold_every_user_once(store: Store, count: int) -> None:
    users = [f"user-{number:02d}" for number in range(count)]
    for user in reversed(users):
        await save(store, user, 3, 1, 2)

    assert await all_owners(store, 3) == [owner(user, 1, 2, 3) for user in users]


async def test_a_user_with_many_wallets_is_never_split(store: Store) -> None:
    numbers = {"a": range(1), "b": range(100, 125), "c": range(200, 202), "d": range(300, 340), "e": range(1)}
    for user, owned in numbers.items():
        await save(store, user, *owned)

    for limit in (1, 2, 4, 5, 6):
        assert await all_owners(store, limit) == [owner(user, *owned) for user, owned in numbers.items()]


async def test_a_page_of_the_fake_is_made_in_one_pass() -> None:
    class Counted(UserDict[tuple[str, Address], SavedWallet]):
        passes = 0

        def items(self) -> ItemsView[tuple[str, Address], SavedWallet]:
            self.passes += 1
            return super().items()

    wallets = Counted()
    for number in range(40):
        wallets[f"user-{number:02d}", address(1)] = SavedWallet(address(1), "", (), START)
    found = await FakeOwners(wallets).page_owners(None, 30)

    assert found == tuple(owner(f"user-{number:02d}", 1) for number in range(30))
    assert wallets.passes == 1


async def test_any_text_can_be_a_users_id(store: Store) -> None:
    for user in ODD:
        await save(store, user, 1)

    assert await all_owners(store, 4) == [owner(user, 1) for user in sorted(ODD)]


async def test_a_wallet_comes_with_its_chains(store: Store) -> None:
    await save(store, "alice", 1, chains=("base", "ethereum"))
    await save(store, "bob", 1)

    assert await store.owners.page_owners(None, 2) == (
        Owner("alice", ((address(1), ("base", "ethereum")),)),
        Owner("bob", ((address(1), ()),)),
    )
