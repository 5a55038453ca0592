"""The order of writing on SQLite, and who hears of it when."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from shared.store.codecs import to_micros
from shared.store.keeping import KEEP_LATEST
from shared.store.ports import Store
from shared.store.run_codecs import pack_balances
from shared.store.sqlite.opening import open_sqlite
from shared.store.sqlite.schema import MIGRATIONS
from tests.store.run_samples import address, fragment
from tests.store.samples import Clock
from tests.store.test_store_feed import Ear

BEFORE_SEQUENCES = 5


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


async def sequences(store: Store) -> list[int]:
    listed = await store.latest.list_latest([address(number) for number in range(60)])
    return [each.sequence for each in listed.fragments]


async def test_what_was_kept_before_there_were_sequences_has_the_time_of_its_writing(
    path: str, clock: Clock
) -> None:
    connection = sqlite3.connect(path)
    for step in MIGRATIONS[:BEFORE_SEQUENCES]:
        connection.executescript(step)
    kept, written_at = fragment(), clock.now - timedelta(days=2)
    times = to_micros(kept.block.time), pack_balances(kept), to_micros(written_at + KEEP_LATEST)
    row = (*kept.key, kept.block.number, *times)
    connection.execute("INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.execute(f"PRAGMA user_version = {BEFORE_SEQUENCES}")
    connection.commit()
    connection.close()
    store = open_sqlite(path, clock)

    (found,) = (await store.latest.list_latest([address(1)])).fragments

    assert found == kept._replace(sequence=to_micros(written_at))
    await store.close()


async def test_sequences_increase_whoever_writes_and_whatever_the_clock_says(path: str, clock: Clock) -> None:
    one, other = open_sqlite(path, clock), open_sqlite(path, clock)
    for number in range(0, 60, 3):
        clock.now -= timedelta(seconds=1)
        await asyncio.gather(
            one.latest.put_latest([fragment(number), fragment(number + 1)]),
            other.latest.put_latest([fragment(number + 2)]),
        )

    found = await sequences(one)

    assert len(found) == 60
    assert found == sorted(set(found))
    await one.close()
    await other.close()


async def test_what_a_caller_who_gave_up_has_written_is_told(path: str, clock: Clock) -> None:
    store, ear = open_sqlite(path, clock), Ear()
    await store.feed.follow([address(1)], ear)

    writing = asyncio.create_task(store.latest.put_latest([fragment()]))
    await asyncio.sleep(0)
    writing.cancel()
    await ear.hears((1, 100))

    assert writing.cancelled()
    await store.close()


async def test_what_is_not_kept_is_not_told(path: str, clock: Clock) -> None:
    store, ear = open_sqlite(path, clock), Ear()
    await store.feed.follow([address(1), address(2)], ear)

    with pytest.raises(OverflowError):
        await store.latest.put_latest([fragment(1), fragment(2, 2**63)])
    await store.latest.put_latest([fragment(2)])
    await ear.hears((2, 100))

    assert len(ear.fragments) == 1
    await store.close()


def test_followers_of_an_event_loop_that_is_gone_disturb_nobody(path: str, clock: Clock) -> None:
    store = open_sqlite(path, clock)
    asyncio.run(_follow(store))

    async def go_on() -> None:
        ear = Ear()
        await store.feed.follow([address(1)], ear)
        await store.latest.put_latest([fragment()])
        await ear.hears((1, 100))
        await store.close()
        assert len(ear.fragments) == 1

    asyncio.run(go_on())


async def _follow(store: Store) -> None:
    await store.feed.follow([address(1)], Ear())
