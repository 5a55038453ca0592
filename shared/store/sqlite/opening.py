"""All ports of one SQLite file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from sqlite3 import Connection

from ...counts import Counts
from ..ports import Store
from .accounts import SqliteAccounts
from .answers import SqliteAnswers
from .database import Database
from .erasures import SqliteErasures
from .feed import SqliteFeed
from .imports import SqliteImports
from .latest import SqliteLatest
from .log import SqliteCheckpoints, SqliteTradeLog
from .nonces import SqliteNonces
from .owners import SqliteOwners
from .parts import SqliteParts
from .run_snapshots import SqliteRunSnapshots
from .runs import SqliteRuns
from .snapshots import SqliteSnapshots
from .trades import SqliteTrades
from .wallets import SqliteWallets


def open_sqlite(path: str, clock: Callable[[], datetime], counts: Counts | None = None) -> Store:
    """The store in this file, or in memory for `:memory:`; the file is made on first use."""
    database = Database(path, counts=counts)
    feed = SqliteFeed()

    async def ready() -> None:
        await database.read(_look)

    return Store(
        trades=SqliteTrades(database, clock),
        log=SqliteTradeLog(database),
        imports=SqliteImports(database, clock),
        checkpoints=SqliteCheckpoints(database, clock),
        wallets=SqliteWallets(database),
        snapshots=SqliteSnapshots(database),
        answers=SqliteAnswers(database, clock),
        owners=SqliteOwners(database),
        runs=SqliteRuns(database, clock),
        parts=SqliteParts(database, clock),
        latest=SqliteLatest(database, feed, clock),
        feed=feed,
        run_snapshots=SqliteRunSnapshots(database),
        accounts=SqliteAccounts(database),
        erasures=SqliteErasures(database, clock),
        nonces=SqliteNonces(database, clock),
        ready=ready,
        close=database.close,
    )


def _look(connection: Connection) -> None:
    connection.execute("SELECT 1 FROM trades LIMIT 1").fetchone()
