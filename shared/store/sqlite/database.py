"""One SQLite file: who may write when, on which threads, and what its errors mean."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from ...counts import Counts
from ...errors import StoreUnavailable
from ...spans import span
from .schema import migrate, scrub

T = TypeVar("T")

MEMORY = ":memory:"
_BUSY_SECONDS = 10.0
_BETWEEN_TRIES = 0.01
_READERS = 3


class Database:
    """Runs work on connections in threads of its own: writes one at a time, reads beside them.

    A database in memory has one connection for both. The file is made on first use, for its owner only.
    Counted are the times that it is read, and the rows that are written.
    """

    def __init__(
        self,
        path: str,
        busy_seconds: float = _BUSY_SECONDS,
        counts: Counts | None = None,
        connect: Callable[..., Connection] = sqlite3.connect,
    ) -> None:
        """`connect` takes what sqlite3.connect does."""
        self._path = path
        self._connect = connect
        self._counts = Counts() if counts is None else counts
        self._busy_seconds = busy_seconds
        self._local = threading.local()
        self._preparing = threading.Lock()
        self._opened: list[Connection] = []
        self._writer = ThreadPoolExecutor(1, "store-write")
        self._readers = self._writer if path == MEMORY else ThreadPoolExecutor(_READERS, "store-read")
        self._stager = self._writer if path == MEMORY else ThreadPoolExecutor(1, "store-stage")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What the work returns; it sees one state of the database. Raises StoreUnavailable."""
        result, _ = await self._run(self._readers, partial(self._in_transaction, "BEGIN", work))
        self._counts.add("store_reads_total", store="sqlite")
        return result

    async def write(self, work: Callable[[Connection], T], then: Callable[[T], None] | None = None) -> T:
        """What the work returns, once it is kept: all that it did, or nothing if it raises.

        `then` is called with it in the writing thread, in order of commit, also when the caller gave up.
        """
        result, rows = await self._run(self._writer, partial(self._written, work, then))
        self._counts.add("store_writes_total", rows, store="sqlite")
        return result

    async def write_staged(
        self,
        stage: Callable[[Connection], None],
        work: Callable[[Connection], T],
        clear: Callable[[Connection], None],
    ) -> T:
        """Like `write`, after `stage` has filled temporary tables, which keeps nobody from writing.

        They are of this connection only, and `clear` removes them, whatever came of it: with the process they
        are gone, however it ends.
        """
        result, rows = await self._run(self._stager, partial(self._staged, stage, work, clear))
        self._counts.add("store_writes_total", rows, store="sqlite")
        return result

    async def tidy(self) -> None:
        """Have nothing that was deleted be anywhere in the files: SQLite's log is emptied.

        It waits for its turn as long as a write does. Raises StoreUnavailable.
        """
        await self._run(self._writer, self._tidy)

    async def close(self) -> None:
        """Wait for the work at hand and close every connection."""
        for threads in {self._writer, self._readers, self._stager}:
            await asyncio.to_thread(threads.shutdown)
        while self._opened:
            self._opened.pop().close()

    async def _run(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """A caller who gives up does not stop a write halfway: it is finished or undone in its thread."""
        with span("sqlite", "client"):
            return await asyncio.get_running_loop().run_in_executor(threads, work)

    def _written(self, work: Callable[[Connection], T], then: Callable[[T], None] | None) -> tuple[T, int]:
        result, rows = self._in_transaction("BEGIN IMMEDIATE", work)
        if then is not None:
            then(result)
        return result, rows

    def _staged(
        self,
        stage: Callable[[Connection], None],
        work: Callable[[Connection], T],
        clear: Callable[[Connection], None],
    ) -> tuple[T, int]:
        with _translated():
            try:
                stage(self._connection())
                return self._in_transaction("BEGIN IMMEDIATE", work)
            finally:
                clear(self._connection())

    def _in_transaction(self, begin: str, work: Callable[[Connection], T]) -> tuple[T, int]:
        """What the work returns, and how many rows it wrote or deleted."""
        with _translated():
            connection = self._connection()
            before = connection.total_changes
            connection.execute(begin)
            with connection:
                result = work(connection)
            return result, connection.total_changes - before

    def _tidy(self) -> None:
        with _translated():
            connection = self._connection()
            deadline = time.monotonic() + self._busy_seconds
            # SQLite waits for readers, but not for others who do the same, nor for what they write meanwhile.
            while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > deadline:
                    raise StoreUnavailable(
                        "the store's file is being read, and still holds what was erased: try again"
                    )
                time.sleep(_BETWEEN_TRIES)

    def _connection(self) -> Connection:
        known: Connection | None = getattr(self._local, "connection", None)
        if known is None:
            with self._preparing:
                known = _open(self._path, self._busy_seconds, self._connect, prepare=not self._opened)
                self._opened.append(known)
            self._local.connection = known
        return known


def _open(path: str, busy_seconds: float, connect: Callable[..., Connection], *, prepare: bool) -> Connection:
    """A connection; the first one of a process makes the file what it has to be."""
    if prepare and path != MEMORY:
        _create_private(path)
    # Closed by another thread than its own, when all threads are done.
    connection = connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    # What is deleted is overwritten with zeros, however this SQLite was compiled.
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    if prepare:
        _use_wal(connection, busy_seconds)
        migrate(connection)
        scrub(connection)
    return connection


def _create_private(path: str) -> None:
    """Make the file before SQLite does, because SQLite would let everybody read it.

    A file that exists is not opened: closing it again would drop the locks that SQLite has on it.
    """
    try:
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnavailable(f"the store's file cannot be made: {error.strerror}") from error


def _use_wal(connection: Connection, busy_seconds: float) -> None:
    """Let readers and the writer not wait for one another.

    SQLite does not wait for its turn at this switch as it does elsewhere, so we do.
    """
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_BETWEEN_TRIES)
        else:
            return


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the store's file cannot be used: {error}") from error
