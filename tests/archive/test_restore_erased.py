"""Who was erased is not brought back: the store knows of it, or the archives do."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from shared.core.archive_manifest import Manifest
from shared.core.archive_names import erasures_name, moment_id
from shared.core.chains import Chains
from shared.errors import ArchiveBroken
from shared.facts import load_chains
from shared.services.archive_export import write_archive
from shared.services.archive_restore import Restored, find_archive, restore_archive
from shared.services.me_erasure import erase_account
from shared.store.account_ports import mark_of
from shared.store.keeping import KEEP_ARCHIVE, KEEP_ERASURE
from shared.store.ports import Store, TradeFilter
from tests.archive.fakes import FakeObjects
from tests.archive.samples import fill
from tests.store.fakes import fake_store
from tests.store.samples import WALLET, Clock

FIRST, SECOND, THIRD = "2025-06-01", "2025-06-02", "2025-06-03"


@dataclass
class World:
    """A store with two users, which is archived and lost."""

    clock: Clock = field(default_factory=Clock)
    known_chains: Chains = field(default_factory=load_chains)
    objects: FakeObjects = field(default_factory=FakeObjects)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = fake_store(self.clock)

    async def write(self, archive_id: str) -> Manifest:
        return await write_archive(archive_id, ("fifo",), self.objects, self)

    async def erase(self, user: str) -> None:
        assert (await erase_account(user, self)).complete

    async def restore(self, archive_id: str) -> Restored:
        return await restore_archive(await find_archive(archive_id, self.objects), self.objects, self.store)

    async def users(self) -> tuple[str, ...]:
        return tuple(await self.store.owners.page_users(None, 9))


@pytest.fixture
async def world() -> World:
    """What was archived on the first day; Bob is erased two hours later."""
    world = World()
    for user in ("alice", "bob"):
        await fill(world.store, user)
    await world.write(FIRST)
    world.clock.pass_(hours=2)
    await world.erase("bob")
    return world


async def test_a_store_that_knows_of_the_erasure_keeps_to_it(world: World) -> None:
    assert await world.restore(FIRST) == Restored(0, 0, 0, erased=1)
    assert await world.users() == ("alice",)


async def test_an_empty_store_keeps_to_what_was_known_when_the_last_archive_was_written(world: World) -> None:
    world.clock.pass_(days=1)
    await world.write(SECOND)
    world.store = fake_store(world.clock)

    assert await world.restore(FIRST) == Restored(1, 4, 2, erased=1)
    assert await world.users() == ("alice",)


async def test_what_was_known_is_not_forgotten_with_the_store(world: World) -> None:
    world.clock.pass_(days=1)
    await world.write(SECOND)
    world.store = fake_store(world.clock)
    await world.restore(SECOND)
    world.clock.pass_(days=1)
    await world.write(THIRD)
    world.store = fake_store(world.clock)

    assert (await world.restore(FIRST)).erased == 1
    assert await world.users() == ("alice",)


async def test_an_archive_that_is_not_whole_tells_of_erasures_too(world: World) -> None:
    world.clock.pass_(days=1)
    await world.write(SECOND)
    del world.objects.kept[f"{SECOND}/manifest.json"]
    world.store = fake_store(world.clock)

    assert (await world.restore(FIRST)).erased == 1


async def test_a_writer_that_was_cut_off_leaves_no_old_list_behind() -> None:
    """Cut off between the list and the manifest; Bob is erased before the archive is gone on with."""
    world = World()
    for user in ("alice", "bob"):
        await fill(world.store, user)
    await world.write(FIRST)
    del world.objects.kept[f"{FIRST}/manifest.json"]
    world.clock.pass_(hours=1)
    await world.erase("bob")
    await world.write(FIRST)
    world.store = fake_store(world.clock)

    assert await world.restore(FIRST) == Restored(1, 4, 2, erased=1)
    assert await world.users() == ("alice",)


async def test_a_call_for_an_archive_that_is_whole_tells_who_was_erased_since(world: World) -> None:
    await world.write(FIRST)
    world.store = fake_store(world.clock)

    assert (await world.restore(FIRST)).erased == 1
    assert await world.users() == ("alice",)


async def test_a_store_that_forgot_takes_no_list_back(world: World) -> None:
    await world.write(FIRST)
    world.store = fake_store(world.clock)
    await world.write(FIRST)
    await world.write(FIRST)

    assert (await world.restore(FIRST)).erased == 1


async def test_a_list_is_kept_once_however_often_it_is_told(world: World) -> None:
    await world.write(FIRST)
    kept = dict(world.objects.kept)
    await world.write(FIRST)

    assert world.objects.kept == kept
    assert sorted(name for name in kept if "/erasures/" in name) == [
        erasures_name(FIRST, 0),
        erasures_name(FIRST, 1),
    ]


async def test_a_list_of_an_earlier_version_is_read_too(world: World) -> None:
    world.clock.pass_(days=1)
    await world.write(SECOND)
    world.objects.kept[f"{SECOND}/erasures.json"] = world.objects.kept.pop(erasures_name(SECOND, 0))
    world.store = fake_store(world.clock)

    assert (await world.restore(FIRST)).erased == 1


@pytest.mark.parametrize("began", [0.1, 30, 3600])
async def test_what_a_user_began_anew_comes_back(world: World, began: float) -> None:
    world.clock.pass_(seconds=began)
    await fill(world.store, "bob", world.clock())
    world.clock.pass_(seconds=61)
    again = moment_id(world.clock())
    await world.write(again)
    world.store = fake_store(world.clock)

    assert await world.restore(again) == Restored(2, 8, 4, erased=0)


@pytest.mark.parametrize("began", [0, 30, 60])
async def test_of_an_archive_of_that_minute_is_left_out_what_another_clock_may_say(
    world: World, began: float
) -> None:
    """Who made the rows may have a clock that is ahead of that of who erased: they may be of before."""
    world.clock.pass_(seconds=began)
    await fill(world.store, "bob", world.clock())
    again = moment_id(world.clock())
    await world.write(again)
    world.store = fake_store(world.clock)

    assert await world.restore(again) == Restored(1, 4, 2, erased=1)


async def test_what_was_made_in_the_moment_of_the_erasure_does_not_come_back(world: World) -> None:
    await fill(world.store, "bob", world.clock())
    world.clock.pass_(hours=1)
    again = moment_id(world.clock())
    await world.write(again)
    world.store = fake_store(world.clock)

    assert await world.restore(again) == Restored(1, 4, 2, erased=1)


async def test_of_an_archive_that_is_written_during_an_erasure_comes_back_what_is_new() -> None:
    """The mark is set, and the old rows are there still when they are archived."""
    world = World()
    for user in ("alice", "bob"):
        await fill(world.store, user)
    await world.store.erasures.mark_erased("bob", world.clock())
    world.clock.pass_(minutes=2)
    await world.store.wallets.remove_wallet("bob", WALLET)
    await world.store.trades.delete_trade("bob", "bob-alice-000003")
    await fill(world.store, "bob", world.clock())
    await world.write(FIRST)
    world.store = fake_store(world.clock)

    assert await world.restore(FIRST) == Restored(2, 8, 4, erased=1)
    page = await world.store.trades.page_trades("bob", TradeFilter())
    assert all(kept.trade.id.endswith("-anew") for kept in page.rows)


async def test_what_an_erasure_left_that_was_never_ended_does_not_come_back() -> None:
    """It was marked hours before the archive was begun, and nobody asked again."""
    world = World()
    for user in ("alice", "bob"):
        await fill(world.store, user)
    await world.store.erasures.mark_erased("bob", world.clock())
    world.clock.pass_(hours=5)
    await world.write(FIRST)
    world.store = fake_store(world.clock)

    assert await world.restore(FIRST) == Restored(1, 4, 2, erased=1)


async def test_a_user_is_left_out_by_a_hash_too(world: World) -> None:
    manifest = await find_archive(FIRST, world.objects)
    store = fake_store(world.clock)

    assert await restore_archive(manifest, world.objects, store, {mark_of("alice")}) == Restored(1, 4, 2)
    assert await store.owners.page_users(None, 9) == ("bob",)


async def test_a_user_who_is_erased_while_an_archive_is_restored_stays_erased(world: World) -> None:
    """Marks are looked up again for every file: all that follows is left out."""

    class Erasing(FakeObjects):
        async def read_object(self, name: str) -> bytes | None:
            if "/trades/" in name:
                await world.erase("alice")
            return await super().read_object(name)

    manifest = await find_archive(FIRST, world.objects)
    restored = await restore_archive(manifest, Erasing(world.objects.kept), world.store)

    assert restored.erased == 2
    assert await world.users() == ()


async def test_a_list_of_erasures_that_cannot_be_read_ends_the_restore(world: World) -> None:
    world.objects.kept[erasures_name(FIRST, 0)] = b"{}"

    with pytest.raises(ArchiveBroken, match=f"{FIRST}/erasures/000000.json"):
        await world.restore(FIRST)


def test_a_mark_outlives_every_archive_that_may_have_its_user() -> None:
    assert KEEP_ERASURE > KEEP_ARCHIVE
