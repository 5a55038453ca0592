"""Archives come back: what was kept in one store is kept in another, by every kind of place and store."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.archive.ports import Objects
from shared.core.archive_manifest import Manifest
from shared.core.chains import Chains
from shared.core.trades import Trade
from shared.errors import ArchiveBroken, NotFound, StoreUnavailable
from shared.facts import load_chains
from shared.services.archive_export import PageLimits, write_archive
from shared.services.archive_restore import (
    Restored,
    find_archive,
    is_empty,
    restore_archive,
    verify_archive,
)
from shared.services.me_erasure import erase_account
from shared.store.account_ports import Era
from shared.store.firestore.opening import open_firestore
from shared.store.keeping import KEEP_ERASURE
from shared.store.opening import open_store
from shared.store.ports import Answer, Once, SavedWallet, Store
from tests.archive.fakes import FakeObjects
from tests.archive.samples import contents, fill
from tests.store.emulator import EmulatorMissing, run_emulator
from tests.store.fakes import FakeTrades, fake_store
from tests.store.samples import START, WALLET, Clock, trade

DAY = "2025-06-01"
USERS = ("alice", "bob", "zoë | x")


@dataclass
class Sources:
    store: Store
    clock: Clock
    known_chains: Chains


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def origin(clock: Clock) -> Store:
    store = fake_store(clock)
    for user in USERS:
        await fill(store, user)
    return store


async def write(store: Store, clock: Clock, objects: Objects, archive_id: str = DAY) -> Manifest:
    sources = Sources(store, clock, load_chains())
    return await write_archive(archive_id, ("fifo",), objects, sources, limits=PageLimits(users=2))


@pytest.fixture(scope="module")
def firestore() -> Iterator[str]:
    try:
        with run_emulator() as address:
            yield address
    except EmulatorMissing as error:
        pytest.fail(str(error), pytrace=False)


@pytest_asyncio.fixture(params=["fake", "sqlite", "firestore"])
async def empty(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Store]:
    """A store without anything in it."""
    if request.param == "fake":
        opened = fake_store(clock)
    elif request.param == "sqlite":
        opened = open_store(f"sqlite:{tmp_path / 'store.db'}", None, clock)
    else:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", request.getfixturevalue("firestore"))
        opened = open_firestore(f"demo-{secrets.token_hex(6)}", clock)
    yield opened
    await opened.close()


async def test_everything_comes_back_to_the_last_digit(origin: Store, empty: Store, clock: Clock) -> None:
    objects = FakeObjects()
    manifest = await write(origin, clock, objects)
    assert await is_empty(empty)

    restored = await restore_archive(manifest, objects, empty)

    assert restored == Restored(wallets=3, trades=12, snapshots=6)
    for user in USERS:
        assert await contents(empty, user) == await contents(origin, user)
    assert not await is_empty(empty)
    assert await restore_archive(manifest, objects, empty) == Restored(0, 0, 0)


async def test_it_comes_back_from_every_place(origin: Store, clock: Clock, objects: Objects) -> None:
    await write(origin, clock, objects)
    store = fake_store(clock)

    manifest = await find_archive(None, objects)
    await verify_archive(manifest, objects)
    await restore_archive(manifest, objects, store)

    for user in USERS:
        assert await contents(store, user) == await contents(origin, user)


async def test_what_came_back_is_archived_as_the_same_files(origin: Store, clock: Clock) -> None:
    objects, store = FakeObjects(), fake_store(clock)
    manifest = await write(origin, clock, objects)
    await restore_archive(manifest, objects, store)

    assert (await write(store, clock, FakeObjects())).files == manifest.files


async def test_the_latest_archive_is_the_last_that_is_whole(origin: Store, clock: Clock) -> None:
    objects = FakeObjects()
    with pytest.raises(NotFound, match="no archive that is whole"):
        await find_archive(None, objects)
    await write(origin, clock, objects)
    clock.pass_(days=1)
    later = await write(origin, clock, objects, "2025-06-02")
    objects.kept |= {"2025-06-03/pages/000000.json": b"{}", "notes/manifest.json": b"hello"}

    assert await find_archive(None, objects) == later
    assert (await find_archive(DAY, objects)).id == DAY
    with pytest.raises(NotFound, match="no archive 2025-06-03"):
        await find_archive("2025-06-03", objects)


async def test_any_file_that_was_changed_or_lost_is_found(origin: Store, clock: Clock) -> None:
    objects = FakeObjects()
    manifest = await write(origin, clock, objects)
    for file in manifest.files:
        content = objects.kept[file.name]
        for other in (content[:-1] + b"\x00", content + b"\n", b""):
            objects.kept[file.name] = other
            with pytest.raises(ArchiveBroken, match=f"{file.name} is not what was written"):
                await verify_archive(manifest, objects)
        del objects.kept[file.name]
        with pytest.raises(ArchiveBroken, match=f"{file.name} is missing"):
            await verify_archive(manifest, objects)
        objects.kept[file.name] = content
    await verify_archive(manifest, objects)


async def test_a_count_that_differs_is_found(origin: Store, clock: Clock) -> None:
    objects = FakeObjects()
    manifest = await write(origin, clock, objects)
    for file in manifest.files:
        wrong = Manifest(
            manifest.id, manifest.started_at, manifest.created_at, (), 3, (file._replace(rows=99),)
        )
        with pytest.raises(ArchiveBroken, match=f"{file.name} has {file.rows} rows, not 99"):
            await verify_archive(wrong, objects)


class Failing(FakeTrades):
    """Fails at one of its writings."""

    left = 0

    async def add_trades(
        self, user: str, trades: Sequence[Trade], once: Once | None = None, *, era: Era | None = None
    ) -> Answer | None:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("it is gone")
        return await super().add_trades(user, trades, once, era=era)


@pytest.mark.parametrize("writings", [0, 1, 2])
async def test_a_restore_that_was_cut_off_is_done_again(origin: Store, clock: Clock, writings: int) -> None:
    objects, store = FakeObjects(), fake_store(clock)
    manifest = await write(origin, clock, objects)
    whole = store.trades
    assert isinstance(whole, FakeTrades)
    failing = Failing(whole._shelf)
    failing.left = writings
    object.__setattr__(store, "trades", failing)

    with pytest.raises(StoreUnavailable):
        await restore_archive(manifest, objects, store)
    failing.left = 100
    restored = await restore_archive(manifest, objects, store)

    assert restored.trades == 12 - 4 * writings
    for user in USERS:
        assert await contents(store, user) == await contents(origin, user)


class ErasedFirst:
    """A port of a store before which a user is erased, to the last word, at one of its calls."""

    def __init__(self, port: object, call: str, store: Store, clock: Clock) -> None:
        self._port, self._call, self._store, self._clock = port, call, store, clock
        self._is_through = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def erase_and_go_on(*args: Any, **options: Any) -> Any:
            if not self._is_through:
                self._is_through = True
                sources = Sources(self._store, self._clock, load_chains())
                assert (await erase_account("alice", sources)).complete
            return await method(*args, **options)

        return erase_and_go_on if name == self._call else method


@pytest.mark.parametrize(
    ("port", "call"),
    [
        ("wallets", "add_wallet"),
        ("trades", "add_trades"),
        ("run_snapshots", "add_snapshots"),
        ("erasures", "read_era"),
        ("erasures", "list_marks"),
    ],
)
@pytest.mark.parametrize("began_before", [False, True])
async def test_who_is_erased_in_any_moment_of_a_restore_stays_erased(
    origin: Store, empty: Store, clock: Clock, port: str, call: str, began_before: bool
) -> None:
    objects = FakeObjects()
    manifest = await write(origin, clock, objects)
    clock.pass_(hours=1)
    if began_before:
        await empty.erasures.mark_erased("bob", START - KEEP_ERASURE)
    erasing = copy(empty)
    object.__setattr__(erasing, port, ErasedFirst(getattr(empty, port), call, empty, clock))

    restored = await restore_archive(manifest, objects, erasing)

    assert restored.erased == 1
    assert await empty.owners.page_users(None, 9) == ("bob", USERS[2])
    for user in USERS[1:]:
        assert await contents(empty, user) == await contents(origin, user)


async def test_who_has_wallets_only_and_is_erased_meanwhile_is_counted(empty: Store, clock: Clock) -> None:
    origin, objects = fake_store(clock), FakeObjects()
    await origin.wallets.add_wallet("alice", SavedWallet(WALLET, "mine", (), START))
    manifest = await write(origin, clock, objects)
    clock.pass_(hours=1)
    erasing = copy(empty)
    object.__setattr__(erasing, "wallets", ErasedFirst(empty.wallets, "add_wallet", empty, clock))

    assert await restore_archive(manifest, objects, erasing) == Restored(0, 0, 0, erased=1)
    assert await is_empty(empty)


async def test_who_is_gone_is_not_brought_back(origin: Store, clock: Clock) -> None:
    objects, store = FakeObjects(), fake_store(clock)
    manifest = await write(origin, clock, objects)

    assert await restore_archive(manifest, objects, store, {"bob"}) == Restored(2, 8, 4)
    assert await store.owners.page_users(None, 9) == ("alice", USERS[2])


async def test_what_a_store_has_stays_as_it_is(origin: Store, clock: Clock) -> None:
    objects, store = FakeObjects(), fake_store(clock)
    manifest = await write(origin, clock, objects)
    own = trade(1, notes="mine")
    moved = trade(2, notes="moved", executed_at=clock())
    await store.trades.add_trades("alice", [own, moved])

    restored = await restore_archive(manifest, objects, store)

    assert restored.trades == 10
    assert (await store.trades.get_trade("alice", own.id)).trade == own
    assert (await store.trades.get_trade("alice", moved.id)).trade == moved
