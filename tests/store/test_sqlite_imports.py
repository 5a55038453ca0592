"""Imports into SQLite: others write meanwhile, and an import that is killed leaves nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.core.trades import Trade
from shared.errors import Conflict, DuplicateTrade
from shared.store.opening import open_store
from shared.store.ports import Store
from tests.store.samples import ALICE, BOB, Clock, once, trade, tx

ROOT = Path(__file__).parents[2]

# Says how far it has come, and goes on when it is told to.
IMPORTER = """
import asyncio, sys
from shared.store.opening import open_store
from tests.store.samples import Clock, trade

def chunks(first):
    for number in range(first, first + 2000, 500):
        yield [trade(n) for n in range(number, number + 500)]
    print("staged", flush=True)
    sys.stdin.readline()

async def main(path, first):
    store = open_store(f"sqlite:{path}", None, Clock())
    await store.imports.import_trades("alice", chunks(first))
    await store.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def open_file(path: Path) -> Store:
    return open_store(f"sqlite:{path}", None, Clock())


def start_import(path: Path, first: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", IMPORTER, str(path), str(first)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def wait_until_staged(importer: subprocess.Popen[str]) -> None:
    assert importer.stdout is not None
    assert importer.stdout.readline() == "staged\n"


def end(importer: subprocess.Popen[str]) -> int:
    importer.communicate("\n", timeout=60)
    return importer.returncode


async def numbers(store: Store, user: str = ALICE) -> list[Trade]:
    return [t async for chunk in store.log.read_trades(user) for t in chunk]


async def test_others_write_while_an_import_is_staged(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    importers = [start_import(path, first) for first in (1000, 5000)]
    for importer in importers:
        wait_until_staged(importer)

    holder = sqlite3.connect(path, timeout=0, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")  # fails at once if one of them had the lock
    assert holder.execute("SELECT count(*) FROM trades").fetchone() == (0,)
    holder.execute("ROLLBACK")
    holder.close()
    store = open_file(path)
    await store.trades.add_trades(ALICE, [trade(1)])

    assert [end(importer) for importer in importers] == [0, 0]
    kept = [trade(n) for n in (1, *range(1000, 3000), *range(5000, 7000))]
    assert await numbers(store) == kept
    await store.close()


async def test_others_of_the_same_process_write_while_an_import_is_staged(tmp_path: Path) -> None:
    store = open_file(tmp_path / "store.db")
    loop = asyncio.get_running_loop()

    def chunks() -> Iterator[list[Trade]]:
        yield [trade(1)]
        adding = asyncio.run_coroutine_threadsafe(store.trades.add_trades(ALICE, [trade(2)]), loop)
        adding.result(timeout=30)
        yield [trade(3)]

    await store.imports.import_trades(ALICE, chunks())

    assert await numbers(store) == [trade(1), trade(2), trade(3)]
    await store.close()


async def test_an_import_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    importer = start_import(path, 0)
    wait_until_staged(importer)

    importer.kill()
    importer.communicate(timeout=60)

    store = open_file(path)
    assert await numbers(store) == []
    await store.imports.import_trades(ALICE, [[trade(1)]])
    assert await numbers(store) == [trade(1)]
    await store.close()
    tables = sqlite3.connect(path)
    assert tables.execute("SELECT name FROM sqlite_schema WHERE name LIKE '%staged%'").fetchall() == []
    tables.close()


@pytest.mark.parametrize("name", ["file", ":memory:"])
async def test_what_a_failed_import_staged_is_not_in_the_next_one(tmp_path: Path, name: str) -> None:
    store = open_store(f"sqlite:{tmp_path / name if name == 'file' else name}", None, Clock())
    await store.trades.add_trades(ALICE, [trade(1, tx_hash=tx(1), chain="base")])
    same = trade(9, tx_hash=tx(1), chain="base")

    with pytest.raises(DuplicateTrade) as raised:
        await store.imports.import_trades(ALICE, [[trade(2)], [same]], once())
    with pytest.raises(Conflict, match="one transaction"):
        await store.imports.import_trades(ALICE, [[trade(2)], [trade(2)]], once())
    await store.imports.import_trades(BOB, [[trade(4, BOB)]], once())

    assert raised.value.trade_id == trade(1).id
    assert [t.id for t in await numbers(store)] == [trade(1).id]
    assert await numbers(store, BOB) == [trade(4, BOB)]
    await store.close()
