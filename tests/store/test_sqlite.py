"""What is SQLite's own: the file, its processes, its plans."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from sqlite3 import Connection

import pytest

from shared.errors import ConfigError, StoreUnavailable
from shared.store.opening import open_store
from shared.store.ports import Order, Store, TradeFilter
from shared.store.sqlite.database import Database
from shared.store.sqlite.schema import MIGRATIONS
from shared.store.sqlite.trades import select_trades
from tests.store.samples import ALICE, ETH, START, WALLET, Clock, once, trade

ROOT = Path(__file__).parents[2]

WRITER = """
import asyncio, sys
from shared.store.opening import open_store
from tests.store.samples import Clock, trade

async def main(path, first):
    store = open_store(f"sqlite:{path}", None, Clock())
    for number in range(first, first + 60):
        await store.trades.add_trades("alice", [trade(number)])
    await store.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def open_file(path: Path) -> Store:
    return open_store(f"sqlite:{path}", None, Clock())


async def count(store: Store) -> int:
    return sum([len(chunk) async for chunk in store.log.read_trades(ALICE)])


def test_two_processes_write_into_one_new_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(first)], cwd=ROOT)
        for first in (0, 1000)
    ]

    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]

    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*), count(DISTINCT id) FROM trades").fetchone() == (120, 120)
    assert connection.execute("SELECT count(*) FROM changes").fetchone() == (120,)
    connection.close()


@pytest.mark.parametrize("attempt", range(10))
async def test_a_new_file_may_be_opened_from_many_sides_at_once(tmp_path: Path, attempt: int) -> None:
    stores = [open_file(tmp_path / "store.db") for _ in range(8)]

    await asyncio.gather(*(store.ready() for store in stores))
    await asyncio.gather(*(store.trades.add_trades(ALICE, [trade(n)]) for n, store in enumerate(stores)))

    assert await count(stores[0]) == 8
    await asyncio.gather(*(store.close() for store in stores))


async def test_the_file_stays_and_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "store.db"
    store = open_file(path)
    await store.trades.add_trades(ALICE, [trade(1)], once())
    files = list(path.parent.iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await store.close()

    again = open_file(path)
    assert await count(again) == 1
    assert await again.answers.find_answer(ALICE, once().claim) == once().answer
    await again.close()


async def test_a_file_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database, but long enough to be taken for one " * 100)
    (tmp_path / "file").touch()

    for path in (tmp_path / "text.db", tmp_path / "file" / "store.db", tmp_path):
        store = open_file(path)
        with pytest.raises(StoreUnavailable):
            await store.ready()
        await store.close()


async def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    store = open_file(path)

    with pytest.raises(StoreUnavailable, match="newer version"):
        await store.ready()
    await store.close()


async def test_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "store.db"))

    def fail_halfway(connection: Connection) -> None:
        connection.execute("INSERT INTO changes (user_id, first, made_at) VALUES ('alice', 1, 1)")
        raise KeyError("halfway")

    with pytest.raises(KeyError):
        await database.write(fail_halfway)

    rows = await database.read(lambda connection: connection.execute("SELECT * FROM changes").fetchall())
    assert rows == []
    await database.close()


async def test_a_held_lock_makes_the_store_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database(str(path), busy_seconds=0.05)
    await database.write(lambda connection: None)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="locked"):
        await database.write(lambda connection: None)

    holder.close()
    await database.write(lambda connection: None)
    await database.close()


FILTERS = {
    "side": "buy",
    "asset": ETH,
    "symbol": "ETH",
    "status": "confirmed",
    "wallet": WALLET,
    "chain": "base",
}


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_no_page_sorts_or_scans_whatever_the_filters(tmp_path: Path, order: Order) -> None:
    database = Database(str(tmp_path / "store.db"))

    def plans(connection: Connection) -> list[tuple[str, str]]:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        for size in range(len(FILTERS) + 1):
            for names in combinations(FILTERS, size):
                where = TradeFilter(**{name: FILTERS[name] for name in names}, since=START)  # type: ignore[arg-type]
                select_trades(ALICE, where, order, None, 51, connection)
        connection.set_trace_callback(None)
        queries = [query for query in asked if query.startswith("SELECT")]
        return [
            (query, "; ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")))
            for query in queries
        ]

    for query, plan in await database.read(plans):
        assert plan.startswith("SEARCH trades USING INDEX trades_by_"), query
        assert ";" not in plan, query
    await database.close()


@pytest.mark.parametrize("name", ["", "sqlite", "sqlite:", "postgres:x", "Firestore"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="STORE"):
        open_store(name, None, Clock())
