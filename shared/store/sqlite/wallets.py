"""The Wallets port on SQLite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from sqlite3 import Connection
from typing import Any

from ...core.ids import Address
from ...errors import Conflict, NotFound
from ..account_ports import Era
from ..codecs import from_micros, to_micros
from ..ports import MAX_WALLETS, SavedWallet
from .database import Database
from .erasures import require_era

_SELECT = "SELECT address, label, chains, created_at, verified_at FROM wallets"


class SqliteWallets:
    """Saved wallets in a table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_wallet(self, user: str, wallet: SavedWallet, *, era: Era | None = None) -> None:
        await self._database.write(partial(_add, user, wallet, era))

    async def list_wallets(self, user: str) -> tuple[SavedWallet, ...]:
        return await self._database.read(partial(_list, user))

    async def verify_wallet(self, user: str, address: Address, at: datetime) -> SavedWallet:
        return await self._database.write(partial(_verify, user, address, at))

    async def remove_wallet(self, user: str, address: Address) -> None:
        await self._database.write(partial(_remove, user, address))


def _add(user: str, wallet: SavedWallet, era: Era | None, connection: Connection) -> None:
    require_era(user, era, connection)
    kept = {known.address for known in _list(user, connection)}
    if wallet.address in kept:
        raise Conflict(f"wallet {wallet.address} is saved already")
    if len(kept) >= MAX_WALLETS:
        raise Conflict(f"there are {MAX_WALLETS} saved wallets already, which is as many as may be")
    verified_at = None if wallet.verified_at is None else to_micros(wallet.verified_at)
    times = (to_micros(wallet.created_at), verified_at)
    connection.execute(
        "INSERT INTO wallets VALUES (?, ?, ?, ?, ?, ?)",
        (user, wallet.address, wallet.label, json.dumps(wallet.chains), *times),
    )


def _list(user: str, connection: Connection) -> tuple[SavedWallet, ...]:
    query = f"{_SELECT} WHERE user_id = ? ORDER BY created_at, address"
    return tuple(map(_wallet, connection.execute(query, (user,))))


def _wallet(row: Sequence[Any]) -> SavedWallet:
    address, label, chains, created_at, verified_at = row
    return SavedWallet(
        Address(address),
        label,
        tuple(json.loads(chains)),
        from_micros(created_at),
        None if verified_at is None else from_micros(verified_at),
    )


def _verify(user: str, address: Address, at: datetime, connection: Connection) -> SavedWallet:
    change = "UPDATE wallets SET verified_at = ? WHERE user_id = ? AND address = ?"
    if not connection.execute(change, (to_micros(at), user, address)).rowcount:
        raise NotFound(f"there is no saved wallet {address}")
    query = f"{_SELECT} WHERE user_id = ? AND address = ?"
    return _wallet(connection.execute(query, (user, address)).fetchone())


def _remove(user: str, address: Address, connection: Connection) -> None:
    query = "DELETE FROM wallets WHERE user_id = ? AND address = ?"
    if not connection.execute(query, (user, address)).rowcount:
        raise NotFound(f"there is no saved wallet {address}")
