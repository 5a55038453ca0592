"""Writing archives: whole or gone on with, never twice, and in pieces of bounded size."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from shared.core.archive_manifest import Manifest
from shared.core.archive_names import manifest_name
from shared.core.archive_tables import TABLES
from shared.core.chains import Chains
from shared.errors import ArchiveBroken, ArchiveUnavailable, InvalidInput, NotYet
from shared.facts import load_chains
from shared.services.archive_export import PageLimits, write_archive
from shared.services.archive_files import PageFiles
from shared.services.archive_restore import find_archive, verify_archive
from shared.services.archive_rows import trade_row
from shared.store.ports import Store
from tests.archive.fakes import FakeObjects
from tests.archive.samples import NOW, fill
from tests.store.fakes import fake_store
from tests.store.samples import Clock, snapshot, trade

DAY = "2025-06-01"
ONE_USER = PageLimits(users=1)
WHOLE = PageLimits()


@dataclass
class Sources:
    """A store whose users have something of everything."""

    clock: Clock = field(default_factory=Clock)
    known_chains: Chains = field(default_factory=load_chains)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = fake_store(self.clock)


async def filled(*users: str) -> Sources:
    sources = Sources()
    for user in users:
        await fill(sources.store, user)
    return sources


async def write(
    objects: FakeObjects, sources: Sources, archive_id: str = DAY, limits: PageLimits = WHOLE
) -> Manifest:
    return await write_archive(archive_id, ("fifo",), objects, sources, limits=limits)


def rows_of(manifest: Manifest) -> dict[str, int]:
    return {name: manifest.rows(name) for name in TABLES}


async def test_an_archive_has_all_that_users_keep() -> None:
    objects, sources = FakeObjects(), await filled("alice", "bob")
    await sources.store.trades.add_trades("carol", [trade(1, "carol")])  # she has no wallet
    await sources.store.snapshots.add_snapshot("dave", snapshot(1, NOW, "dave"))

    manifest = await write(objects, sources)

    assert manifest.users == 4
    assert {name: manifest.rows(name) for name in ("wallets", "trades", "snapshots")} == {
        "wallets": 2,
        "trades": 9,
        "snapshots": 5,
    }
    assert manifest.started_at == manifest.created_at == NOW


async def test_every_file_is_as_the_manifest_says() -> None:
    objects, sources = FakeObjects(), await filled("alice", "bob")

    manifest = await write(objects, sources)

    told = json.loads(objects.kept[manifest_name(DAY)])
    assert {(each["table"], each["format"]) for each in told["files"]} >= {
        (name, ending) for name in ("wallets", "trades", "snapshots") for ending in ("parquet", "csv")
    }
    for each in told["files"]:
        content = objects.kept[each["name"]]
        assert (each["bytes"], each["sha256"]) == (len(content), sha256(content).hexdigest())
    await verify_archive(manifest, objects)


async def test_an_archive_of_nobody_is_whole() -> None:
    objects = FakeObjects()

    manifest = await write(objects, Sources())

    assert (manifest.users, manifest.files) == (0, ())
    assert await find_archive(None, objects) == manifest


async def test_asking_again_changes_nothing() -> None:
    objects, sources = FakeObjects(), await filled("alice")
    first = await write(objects, sources)
    kept = dict(objects.kept)
    await fill(sources.store, "bob")
    sources.clock.pass_(hours=3)

    assert await write(objects, sources) == first
    assert objects.kept == kept


@pytest.mark.parametrize("users", [1, 2, 3, 4, 5])
async def test_how_users_fall_into_pages_does_not_matter(users: int) -> None:
    names = ("alice", "bob", "carol", "dave")
    sources = await filled(*names)
    objects = FakeObjects()

    manifest = await write(objects, sources, limits=PageLimits(users=users))

    assert rows_of(manifest) == rows_of(await write(FakeObjects(), sources))
    assert manifest.users == len(names)
    await verify_archive(manifest, objects)


async def test_a_page_ends_with_the_user_who_fills_it() -> None:
    objects, sources = FakeObjects(), await filled("alice", "bob", "carol")

    manifest = await write(objects, sources, limits=PageLimits(rows=1))

    assert len([name for name in objects.kept if "/pages/" in name]) == 3
    assert manifest.users == 3


async def test_whatever_cuts_it_off_it_is_gone_on_with() -> None:
    sources = await filled("alice", "bob", "carol")
    unbroken = FakeObjects()
    whole = await write(unbroken, sources, limits=ONE_USER)

    for adds in range(len(unbroken.kept)):
        objects = FakeObjects(adds_left=adds)
        with pytest.raises(ArchiveUnavailable):
            await write(objects, sources, limits=ONE_USER)
        objects.adds_left = None
        assert await write(objects, sources, limits=ONE_USER) == whole
        assert objects.kept == unbroken.kept


async def test_what_is_written_before_a_crash_is_not_mixed_with_what_came_later() -> None:
    objects, sources = FakeObjects(adds_left=3), await filled("alice")
    with pytest.raises(ArchiveUnavailable):
        await write(objects, sources)
    await sources.store.trades.delete_trade("alice", "alice-000001")
    objects.adds_left = None

    manifest = await write(objects, sources)

    assert manifest.rows("trades") == 3
    assert {file.name for file in manifest.files} < set(objects.kept)
    await verify_archive(manifest, objects)


async def test_of_several_writers_at_once_all_tell_the_same() -> None:
    objects, sources = FakeObjects(), await filled("alice", "bob", "carol")

    written = await asyncio.gather(*(write(objects, sources, limits=ONE_USER) for _ in range(3)))

    assert written[0] == written[1] == written[2]
    await verify_archive(written[0], objects)


async def test_what_takes_too_long_is_gone_on_with_by_whoever_asks_again() -> None:
    objects, sources = FakeObjects(), await filled("alice", "bob", "carol")

    async def hurry() -> Manifest:
        return await write_archive(DAY, ("fifo",), objects, sources, within=timedelta(0), limits=ONE_USER)

    for users in (1, 2, 3):
        with pytest.raises(NotYet, match=f"has {users} users so far"):
            await hurry()

    assert (await hurry()).users == 3


async def test_an_archive_is_of_now_or_was_begun_on_its_day() -> None:
    objects, sources = FakeObjects(adds_left=12), await filled("alice", "bob")
    with pytest.raises(InvalidInput, match="its time has not come"):
        await write(objects, sources, "2025-06-02")
    with pytest.raises(InvalidInput, match="its day is over"):
        await write(objects, sources, "2025-05-31")
    with pytest.raises(ArchiveUnavailable):
        await write(objects, sources, limits=ONE_USER)
    assert any("/pages/" in name for name in objects.kept)
    sources.clock.pass_(days=2)
    objects.adds_left = None

    manifest = await write(objects, sources, limits=ONE_USER)

    assert (manifest.started_at, manifest.created_at) == (NOW, NOW + timedelta(days=2))


@pytest.mark.parametrize("name", ["manifest.json", "pages/000000.json"])
async def test_what_somebody_else_put_there_is_broken(name: str) -> None:
    objects, sources = FakeObjects({f"{DAY}/{name}": b"{}"}), await filled("alice")

    with pytest.raises(ArchiveBroken, match=name):
        await write(objects, sources)


async def test_a_manifest_of_another_day_is_broken() -> None:
    objects, sources = FakeObjects(), await filled("alice")
    await write(objects, sources)
    objects.kept["2025-05-31/manifest.json"] = objects.kept[manifest_name(DAY)]

    with pytest.raises(ArchiveBroken, match="is of another archive, 2025-06-01"):
        await find_archive("2025-05-31", objects)


@pytest.mark.parametrize(("most_rows", "most_characters"), [(3, 10**9), (10**9, 250)])
async def test_rows_go_out_before_they_are_too_many(most_rows: int, most_characters: int) -> None:
    objects = FakeObjects()
    files = PageFiles(DAY, 0, objects, most_rows=most_rows, most_characters=most_characters)

    await files.add("trades", [trade_row(trade(number)) for number in range(10)])
    written = [file for file in await files.finish() if file.format == "parquet"]

    assert files.count == sum(file.rows for file in written) == 10
    assert max(file.rows for file in written) <= 4
    assert len({file.name for file in written}) == len(written) > 2
    assert [file.range.first for file in written] == sorted(file.range.first for file in written)


async def test_the_clock_of_reports_is_when_the_archive_was_begun() -> None:
    objects, sources = FakeObjects(), await filled("alice")
    later: datetime = NOW + timedelta(minutes=1)
    await sources.store.trades.add_trades("alice", [trade(9, executed_at=later, side="sell")])

    manifest = await write(objects, sources)

    covered = manifest.range_of("disposals")
    assert covered is not None
    assert covered.last < NOW
