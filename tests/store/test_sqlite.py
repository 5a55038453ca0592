"""What is SQLite's own: the file, its processes, its plans."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

import pytest

from shared.counts import Counts
from shared.errors import ConfigError, StoreUnavailable
from shared.store.keeping import KEEP_LATEST, KEEP_PART, KEEP_RUN
from shared.store.opening import open_store
from shared.store.ports import Order, Store, TradeFilter
from shared.store.sqlite.database import Database
from shared.store.sqlite.owners import SqliteOwners
from shared.store.sqlite.parts import SqliteParts
from shared.store.sqlite.run_snapshots import SqliteRunSnapshots
from shared.store.sqlite.runs import SqliteRuns
from shared.store.sqlite.schema import MIGRATIONS
from shared.store.sqlite.trades import select_trades
from tests.store.run_samples import KEY, RUN, fragment, part, plan_page, price_page, run
from tests.store.samples import ALICE, ETH, START, WALLET, Clock, once, trade

T = TypeVar("T")

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
        select_trades(ALICE, TradeFilter(status="confirmed", mismatched=True), order, None, 51, connection)
        connection.set_trace_callback(None)
        queries = [query for query in asked if query.startswith("SELECT")]
        return [
            (query, "; ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")))
            for query in queries
        ]

    for query, plan in await database.read(plans):
        index = "trades_mismatched" if "json_extract" in query else "trades_by_"
        assert plan.startswith(f"SEARCH trades USING INDEX {index}"), query
        assert ";" not in plan, query
    await database.close()


@pytest.mark.parametrize("name", ["", "sqlite", "sqlite:", "postgres:x", "Firestore"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="STORE"):
        open_store(name, None, Clock())


async def test_a_file_of_an_older_program_gets_the_new_tables(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    connection = sqlite3.connect(path)
    connection.executescript(MIGRATIONS[0])
    connection.execute("INSERT INTO wallets VALUES ('alice', ?, '', '[]', 1)", (WALLET,))
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    store = open_file(path)

    assert [each.address for each in await store.wallets.list_wallets(ALICE)] == [WALLET]
    assert await store.runs.add_run(run()) == run()
    await store.close()


async def test_what_has_expired_goes_when_a_run_is_added(tmp_path: Path) -> None:
    clock = Clock()
    store = open_store(f"sqlite:{tmp_path / 'store.db'}", None, clock)
    await write_run(store, RUN)
    clock.now += KEEP_PART
    await store.runs.add_run(run("second"))
    assert await count_rows(tmp_path) == {"runs": 2, "run_pages": 1, "parts": 0, "latest": 1}

    clock.now += KEEP_LATEST
    await store.runs.add_run(run("third"))
    assert await count_rows(tmp_path) == {"runs": 3, "run_pages": 1, "parts": 0, "latest": 0}

    clock.now += KEEP_RUN
    await store.runs.add_run(run("fourth"))
    assert await count_rows(tmp_path) == {"runs": 1, "run_pages": 0, "parts": 0, "latest": 0}
    await store.close()


async def write_run(store: Store, run_id: str) -> None:
    await store.runs.add_run(run(run_id))
    await store.runs.add_page(run_id, plan_page(0))
    await store.runs.add_prices(run_id, price_page(0))
    await store.parts.add_part(part(run_id=run_id))
    await store.latest.put_latest([fragment()])


async def count_rows(folder: Path) -> dict[str, int]:
    connection = sqlite3.connect(folder / "store.db")
    tables = ("runs", "run_pages", "parts", "latest")
    rows = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
    connection.close()
    return rows


async def test_no_query_of_a_run_scans_a_table(tmp_path: Path) -> None:
    asked: list[str] = []

    class Traced(Database):
        async def read(self, work: Callable[[Connection], T]) -> T:
            def traced(connection: Connection) -> T:
                connection.set_trace_callback(asked.append)
                return work(connection)

            return await super().read(traced)

    database = Traced(str(tmp_path / "store.db"))
    runs, parts = SqliteRuns(database, Clock()), SqliteParts(database, Clock())
    await runs.list_overdue(START, 5)
    await runs.list_overdue(START, 5, run())
    await runs.list_finished(5)
    await runs.list_prices(RUN, 0)
    await parts.count_parts(RUN, 0)
    await parts.list_keys(RUN, 0, 99)
    await parts.read_parts(RUN, [KEY])
    await parts.read_progress(RUN)
    await SqliteOwners(database).page_owners("alice", 5)
    await SqliteRunSnapshots(database).list_kept(RUN, [ALICE])

    queries = [query for query in asked if query.startswith("SELECT")]
    assert len(queries) == 12
    connection = sqlite3.connect(tmp_path / "store.db")
    for query in queries:
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
        assert all("USING" in step or step.startswith("LIST SUBQUERY") for step in steps), (query, steps)
        assert not any("TEMP B-TREE" in step for step in steps), (query, steps)
    connection.close()
    await database.close()


async def test_reads_and_written_rows_are_counted() -> None:
    counts = Counts()
    store = open_store("sqlite::memory:", None, Clock(), counts)

    await store.runs.add_run(run())
    await store.runs.add_run(run())
    await store.runs.get_run(RUN)

    assert [*counts] == [
        ("store_reads_total", (("store", "sqlite"),), 1),
        ("store_writes_total", (("store", "sqlite"),), 1),
    ]
    await store.close()
