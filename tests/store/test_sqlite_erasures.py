"""What is SQLite's own in an erasure: the bytes in the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from sqlite3 import Connection, Cursor
from typing import Any, ClassVar

import pytest

from shared.core.trades import Trade
from shared.errors import StoreUnavailable
from shared.store.opening import open_store
from shared.store.sqlite.database import Database
from shared.store.sqlite.erasures import SqliteErasures
from shared.store.sqlite.imports import SqliteImports
from shared.store.sqlite.schema import MIGRATIONS
from shared.store.sqlite.trades import SqliteTrades
from tests.store.account_samples import erase, fill
from tests.store.samples import ALICE, BOB, Clock, trade

SECRET = "sold the house to pay for it"
_BEFORE_ERAS = 7


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def careless(*args: Any, **options: Any) -> Connection:
    """A connection of an SQLite that was compiled to leave what is deleted where it is."""
    connection: Connection = sqlite3.connect(*args, **options)
    connection.execute("PRAGMA secure_delete = OFF").fetchall()
    return connection


def secret(number: int) -> Trade:
    return trade(number, notes=f"{SECRET} {number}." * 5)


def write_carelessly(path: Path) -> None:
    """A file as an earlier version of this program has left it: rows of the user were deleted, not zeroed."""
    connection = careless(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    for step in MIGRATIONS[:_BEFORE_ERAS]:
        connection.executescript(step)
    connection.execute(f"PRAGMA user_version = {_BEFORE_ERAS}")
    insert = "INSERT INTO answers VALUES (?, ?, 'hash', 9000000000000000, 201, ?)"
    for number in range(400):
        connection.execute(insert, (ALICE, f"key-{number}", f"{SECRET} of {ALICE}".encode() * 20))
    connection.execute(insert, (BOB, "key", b"x"))
    connection.execute("DELETE FROM answers WHERE user_id = ?", (ALICE,))
    connection.close()


async def test_what_is_erased_is_nowhere_in_the_files(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path / 'store.db'}", None, Clock())
    await fill(store, BOB)
    await fill(store, ALICE)
    await store.trades.add_trades(ALICE, [trade(number, notes=SECRET) for number in range(100, 400)])
    assert SECRET.encode() in bytes_of(tmp_path)

    await erase(store, ALICE)

    left = bytes_of(tmp_path)
    assert (SECRET.encode() in left, ALICE.encode() in left, BOB.encode() in left) == (False, False, True)
    await store.close()


async def test_what_is_deleted_is_overwritten_however_sqlite_was_compiled(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "store.db"), connect=careless)
    trades, imports = SqliteTrades(database, Clock()), SqliteImports(database, Clock())
    erasures = SqliteErasures(database, Clock())
    await trades.add_trades(BOB, [trade(1, BOB)])
    for start in (0, 300):
        await trades.add_trades(ALICE, [secret(number) for number in range(start, start + 300)])
    await imports.import_trades(ALICE, [[secret(number) for number in range(600, 900)]])
    for number in range(0, 900, 2):
        await trades.delete_trade(ALICE, secret(number).id)
    await database.tidy()
    assert f"{SECRET} 1.".encode() in bytes_of(tmp_path)
    assert f"{SECRET} 2.".encode() not in bytes_of(tmp_path)

    while (await erasures.erase_some(ALICE)).found:
        pass

    left = bytes_of(tmp_path)
    assert (SECRET.encode() in left, ALICE.encode() in left, BOB.encode() in left) == (False, False, True)
    await database.close()


async def test_what_an_earlier_version_left_lying_about_goes_when_the_file_is_opened(tmp_path: Path) -> None:
    write_carelessly(tmp_path / "store.db")
    assert SECRET.encode() in bytes_of(tmp_path)
    store = open_store(f"sqlite:{tmp_path / 'store.db'}", None, Clock())
    await store.ready()
    assert SECRET.encode() not in bytes_of(tmp_path)
    await fill(store, ALICE)

    await erase(store, ALICE)

    left = bytes_of(tmp_path)
    assert (ALICE.encode() in left, BOB.encode() in left) == (False, True)
    await store.close()


@pytest.mark.parametrize("old", [False, True])
async def test_an_old_file_is_written_anew_once_and_no_erasure_waits_for_that(
    tmp_path: Path, old: bool
) -> None:
    path = tmp_path / "store.db"
    if old:
        write_carelessly(path)
    for renewals in (int(old), 0):
        Telling.told = []
        database = Database(str(path), connect=telling)
        await database.read(lambda _: None)
        assert Telling.told.count("VACUUM") == renewals

        await database.write(lambda connection: connection.execute("DELETE FROM answers"))
        await database.tidy()

        assert Telling.told.count("VACUUM") == renewals
        await database.close()


async def test_a_file_that_was_not_written_anew_to_the_end_is_at_the_next_start(tmp_path: Path) -> None:
    write_carelessly(tmp_path / "store.db")
    database = Database(str(tmp_path / "store.db"), connect=failing)
    with pytest.raises(StoreUnavailable, match="disk is full"):
        await database.read(lambda _: None)
    await database.close()
    assert SECRET.encode() in bytes_of(tmp_path)

    store = open_store(f"sqlite:{tmp_path / 'store.db'}", None, Clock())
    await store.ready()

    assert SECRET.encode() not in bytes_of(tmp_path)
    await store.close()


class Telling(Connection):
    """Remembers what it was asked."""

    told: ClassVar[list[str]] = []

    def execute(self, sql: str, *values: Any) -> Cursor:
        self.told.append(sql)
        return super().execute(sql, *values)


class Failing(Connection):
    """Has no room to write a file anew."""

    def execute(self, sql: str, *values: Any) -> Cursor:
        if sql == "VACUUM":
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *values)


class Busy(Connection):
    """Another process is in the way of emptying the log, so many times."""

    times: ClassVar[int] = 0

    def execute(self, sql: str, *values: Any) -> Cursor:
        if "wal_checkpoint" in sql and Busy.times:
            Busy.times -= 1
            return super().execute("SELECT 1, 0, 0")
        return super().execute(sql, *values)


def telling(*args: Any, **options: Any) -> Connection:
    return sqlite3.connect(*args, **options, factory=Telling)


def failing(*args: Any, **options: Any) -> Connection:
    return sqlite3.connect(*args, **options, factory=Failing)


def busy(*args: Any, **options: Any) -> Connection:
    return sqlite3.connect(*args, **options, factory=Busy)


async def test_an_erasure_waits_for_its_turn_to_empty_the_log(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "store.db"), connect=busy)
    trades, erasures = SqliteTrades(database, Clock()), SqliteErasures(database, Clock())
    await trades.add_trades(ALICE, [secret(1)])
    assert (await erasures.erase_some(ALICE)).found
    Busy.times = 3

    assert not (await erasures.erase_some(ALICE)).found

    assert Busy.times == 0
    assert SECRET.encode() not in bytes_of(tmp_path)
    await database.close()


async def test_an_erasure_does_not_end_while_somebody_still_reads_what_is_erased(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = Database(str(path), busy_seconds=0.1)
    trades, erasures = SqliteTrades(database, Clock()), SqliteErasures(database, Clock())
    await trades.add_trades(ALICE, [secret(1)])
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM trades").fetchone()
    assert (await erasures.erase_some(ALICE)).found

    with pytest.raises(StoreUnavailable, match="still holds what was erased"):
        await erasures.erase_some(ALICE)
    reader.close()

    assert not (await erasures.erase_some(ALICE)).found
    assert SECRET.encode() not in bytes_of(tmp_path)
    await database.close()


async def test_an_import_that_is_refused_leaves_nothing_aside(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "store.db"))
    imports = SqliteImports(database, Clock())

    def broken() -> Iterator[Sequence[Trade]]:
        yield [secret(1)]
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 (it is ours)
        await imports.import_trades(ALICE, broken())

    assert await database.write_staged(lambda _: None, _tables_aside, lambda _: None) == []
    await database.close()


def _tables_aside(connection: Connection) -> list[Any]:
    return connection.execute("SELECT name FROM temp.sqlite_schema").fetchall()
