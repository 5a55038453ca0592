"""What users keep as rows of an archive, and back: nothing of it is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any

from ..core.archive_tables import TABLES, Cell, Column, Kind, Row, Table
from ..core.failures import Failure
from ..core.snapshots import Snapshot, SnapshotAsset
from ..core.times import format_time, parse_time
from ..core.trades import LotPick, OnChain, Trade
from ..errors import ArchiveBroken
from ..store.codecs import money_text
from ..store.ports import SavedWallet

_WALLETS, _TRADES, _SNAPSHOTS = TABLES["wallets"], TABLES["trades"], TABLES["snapshots"]


def wallet_row(user: str, wallet: SavedWallet) -> Row:
    """A saved wallet."""
    values = {**wallet._asdict(), "user_id": user, "chains": json.dumps(wallet.chains)}
    return row_of(_WALLETS, values)


def row_wallet(row: Row) -> tuple[str, SavedWallet]:
    """The user and the wallet that `wallet_row` wrote. Raises ArchiveBroken."""
    values = _values(_WALLETS, row)
    user = values.pop("user_id")
    return user, SavedWallet(**{**values, "chains": tuple(values["chains"])})


def trade_row(trade: Trade) -> Row:
    """A trade."""
    picks = [{"trade_id": pick.trade_id, "quantity": money_text(pick.quantity)} for pick in trade.lots]
    return row_of(_TRADES, {**trade._asdict(), "lots": json.dumps(picks), "on_chain": _seen(trade.on_chain)})


def row_trade(row: Row) -> Trade:
    """The trade that `trade_row` wrote. Raises ArchiveBroken."""
    values = _values(_TRADES, row)
    with _Understood(_TRADES):
        picks = tuple(LotPick(pick["trade_id"], Decimal(pick["quantity"])) for pick in values["lots"])
        seen = values["on_chain"]
        if seen is not None:
            seen = OnChain(**{**seen, "block_time": parse_time(seen["block_time"])})
        return Trade(**{**values, "lots": picks, "on_chain": seen})


def snapshot_row(snapshot: Snapshot) -> Row:
    """A snapshot with its assets."""
    values = {each.name: getattr(snapshot, each.name) for each in fields(Snapshot)}
    values["assets"] = json.dumps([_plain(asset, SnapshotAsset) for asset in snapshot.assets])
    values["errors"] = json.dumps([_plain(failure, Failure) for failure in snapshot.errors])
    return row_of(_SNAPSHOTS, values)


def row_snapshot(row: Row) -> Snapshot:
    """The snapshot that `snapshot_row` wrote. Raises ArchiveBroken."""
    values = _values(_SNAPSHOTS, row)
    with _Understood(_SNAPSHOTS):
        values["assets"] = tuple(map(_asset, values["assets"]))
        values["errors"] = tuple(Failure(**failure) for failure in values["errors"])
        return Snapshot(**values)


def row_of(table: Table, values: Mapping[str, Any]) -> Row:
    """The table's row of these values; decimals become text, all else is as it stands in a row."""
    return tuple(_cell(values[column.name]) for column in table.columns)


def optional_money(value: Decimal | None) -> str | None:
    """An amount as it stands in nested JSON."""
    return None if value is None else money_text(value)


def _cell(value: Any) -> Cell:
    cell: Cell = money_text(value) if isinstance(value, Decimal) else value
    return cell


class _Understood:
    """What a value that nobody understands raises becomes ArchiveBroken."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __enter__(self) -> None:
        """Nothing is needed before."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, (ValueError, TypeError, KeyError, InvalidOperation)):
            raise ArchiveBroken(f"a row of {self._table.name} cannot be read") from error


def _values(table: Table, row: Sequence[Cell]) -> dict[str, Any]:
    with _Understood(table):
        return {column.name: _read(column, cell) for column, cell in zip(table.columns, row, strict=True)}


def _read(column: Column, cell: Cell) -> Any:
    if cell is None:
        if not column.nullable:
            raise ValueError(f"{column.name} is empty")
        return None
    return _READ[column.kind](cell)


def _number(cell: Any) -> Decimal:
    value = Decimal(cell)
    if not value.is_finite():
        raise ValueError("it is not a number")
    return value


def _as_it_is(cell: Any) -> Any:
    return cell


_READ: Mapping[Kind, Any] = {
    "text": _as_it_is,
    "decimal": _number,
    "time": _as_it_is,
    "whole": _as_it_is,
    "flag": _as_it_is,
    "json": json.loads,
}


def _seen(seen: OnChain | None) -> str | None:
    if seen is None:
        return None
    return json.dumps({**seen._asdict(), "block_time": format_time(seen.block_time)})


def _plain(value: Any, kind: type[SnapshotAsset | Failure]) -> dict[str, Cell]:
    return {each.name: _cell(getattr(value, each.name)) for each in fields(kind)}


def _asset(told: Mapping[str, Any]) -> SnapshotAsset:
    price, value = told["price_usd"], told["value_usd"]
    amounts = {
        "balance": _number(told["balance"]),
        "price_usd": None if price is None else _number(price),
        "value_usd": None if value is None else _number(value),
    }
    return SnapshotAsset(**{**told, **amounts})
