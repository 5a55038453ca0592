"""The Owners port on SQLite."""

from __future__ import annotations

import json
from functools import partial
from itertools import groupby
from sqlite3 import Connection

from ...core.ids import Address
from ...core.runs import Owner
from .database import Database

_TABLES = ("wallets", "trades", "snapshots")


class SqliteOwners:
    """The table of wallets, read user by user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page_owners(self, after: str | None, limit: int) -> tuple[Owner, ...]:
        return await self._database.read(partial(_page, after, limit))

    async def page_users(self, after: str | None, limit: int) -> tuple[str, ...]:
        return await self._database.read(partial(_users, after, limit))


def _page(after: str | None, limit: int, connection: Connection) -> tuple[Owner, ...]:
    behind = "" if after is None else "WHERE user_id > ?"
    users = f"SELECT DISTINCT user_id FROM wallets {behind} ORDER BY user_id LIMIT ?"  # noqa: S608 (only words of this file)
    rows = connection.execute(
        f"SELECT user_id, address, chains FROM wallets WHERE user_id IN ({users}) "  # noqa: S608
        "ORDER BY user_id, address",
        [limit] if after is None else [after, limit],
    )
    return tuple(
        Owner(user, tuple((Address(address), tuple(json.loads(chains))) for _, address, chains in wallets))
        for user, wallets in groupby(rows, lambda row: str(row[0]))
    )


def _users(after: str | None, limit: int, connection: Connection) -> tuple[str, ...]:
    """One look into an index of each table for each user, however many rows a user has."""
    firsts = [f"SELECT MIN(user_id) FROM {table} WHERE user_id > ?" for table in _TABLES]  # noqa: S608 (only words of this file)
    found: list[str] = []
    behind = after or ""
    while len(found) < limit:
        firsts_behind = [connection.execute(first, (behind,)).fetchone()[0] for first in firsts]
        users = [user for user in firsts_behind if user is not None]
        if not users:
            break
        behind = min(users)
        found.append(behind)
    return tuple(found)
